import type { PumpFilter, PumpManager } from '../pump/pump.manager.js';
import type { PumpPosition, PumpStop } from '../pump/pump.options.js';
import type { PumpStatus } from '../pump/pump.status.js';
import { pumpKeyOf } from '../state/cursor-store.interface.js';

/** The started pumps of a builder. */
export class PathwayPump {
  constructor(private readonly pumps: PumpManager) {}

  /**
   * Starts no more handlers; stored, so that it outlives a restart where the store is durable.
   *
   * @returns keys of the pumps that are meant, `flowType::group`
   * @throws PumpUnknownError
   */
  async pause(filter: PumpFilter = {}): Promise<string[]> {
    const keys = keysMeant(this.pumps.status(), filter);
    await this.pumps.pause(filter);
    return keys;
  }

  /**
   * Goes on after `pause`, or after a halt.
   *
   * @returns keys of the pumps that are meant
   * @throws PumpUnknownError
   */
  async resume(filter: PumpFilter = {}): Promise<string[]> {
    const keys = keysMeant(this.pumps.status(), filter);
    await this.pumps.resume(filter);
    return keys;
  }

  /**
   * Moves pumps and lets every handler run again from there.
   *
   * @param position `live` by default
   * @param stopAt the last place that is delivered; see `whenDone`
   * @returns keys of the pumps that were reset
   * @throws PumpStopInvalidError, PumpStopBehindError, PumpPositionInvalidError, PumpUnknownError, PumpLeaseHeldError
   */
  async reset(
    position: PumpPosition = 'live',
    filter: PumpFilter = {},
    stopAt?: PumpStop,
  ): Promise<string[]> {
    const keys = keysMeant(this.pumps.status(), filter);
    await this.pumps.reset(position, { ...filter, stopAt });
    return keys;
  }

  /** Resolves when the pumps have reached the `stopAt` of their reset. @throws PumpUnknownError, PumpReplayEndedError */
  whenDone(filter?: PumpFilter): Promise<void> {
    return this.pumps.whenDone(filter);
  }

  /** Whether the pump of a flow type and group is paused. */
  isPaused(flowType: string, pumpGroup = 'default'): boolean {
    return this.pausedGroups.includes(pumpKeyOf({ flowType, pumpGroup }));
  }

  /** Keys of the paused pumps, `flowType::group`. */
  get pausedGroups(): string[] {
    return this.pumps
      .status()
      .filter(({ state }) => state === 'paused')
      .map(({ pump }) => pump);
  }

  /** Keys of all pumps, `flowType::group`. */
  get registeredPumpKeys(): string[] {
    return this.pumps.status().map(({ pump }) => pump);
  }

  /** What every pump is doing. */
  status(): PumpStatus[] {
    return this.pumps.status();
  }

  /** Resolves when everything stored so far is finished. */
  drain(): Promise<void> {
    return this.pumps.drain();
  }
}

function keysMeant(status: readonly PumpStatus[], { flowTypes, pumpGroups, keys }: PumpFilter): string[] {
  const isOpen = keys === undefined || flowTypes !== undefined || pumpGroups !== undefined;
  return status
    .filter(
      ({ pump, flowType, pumpGroup }) =>
        keys?.includes(pump) ||
        (isOpen && (flowTypes?.includes(flowType) ?? true) && (pumpGroups?.includes(pumpGroup) ?? true)),
    )
    .map(({ pump }) => pump);
}
