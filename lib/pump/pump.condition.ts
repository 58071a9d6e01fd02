import type { PathwaysLogger } from '../event/logger.interface.js';
import type { PumpItem } from './pump-item.interface.js';
import type { PumpState } from './pump.status.js';

/** What a pump is doing: where its loop is, unless it is paused or halted. The states are described in pump.loop.ts. */
export class PumpCondition {
  isPaused = false;
  private current: PumpState = 'stopped';
  /** Where the loop is; `stopped` when there is none. */
  private walk: PumpState = 'stopped';
  private halted: PumpItem[] = [];

  constructor(
    private readonly pumpKey: string,
    private readonly logger: PathwaysLogger,
  ) {}

  get state(): PumpState {
    return this.current;
  }

  /** The loop came to another place. */
  enter(walk: PumpState): void {
    this.walk = walk;
    this.show();
  }

  get isHalted(): boolean {
    return this.halted.length > 0;
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.show();
  }

  halt(item: PumpItem): void {
    this.halted.push(item);
    this.show();
  }

  /** Those the pump halted at, to be tried again or forgotten. */
  takeHalted(): PumpItem[] {
    const items = this.halted.splice(0);
    this.show();
    return items;
  }

  private show(): void {
    const state = this.describe();
    if (state === this.current) return;
    this.logger.debug(`Pump ${this.pumpKey} is ${state}`);
    this.current = state;
  }

  private describe(): PumpState {
    // What delivers nothing anyway is not paused: only a start lets it go on.
    if (this.walk === 'stopped' || this.walk === 'done') return this.walk;
    if (this.isHalted) return 'halted';
    return this.isPaused ? 'paused' : this.walk;
  }
}
