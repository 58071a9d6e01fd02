import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { ControlPlaneClient } from '../platform/control-plane.client.js';
import type { PathwayDelivery } from '../platform/control-plane.interface.js';
import type { PumpStatus } from '../pump/pump.status.js';
import type { ControlledPumps } from './controlled-pumps.interface.js';
import { isOutage } from './pathway.registration.js';
import { pumpTargets } from './pump-targets.util.js';

export interface PauseRestorerOptions {
  readonly controlPlane: ControlPlaneClient;
  readonly pumps: Pick<ControlledPumps, 'status' | 'pauseAs' | 'liftPauses' | 'pausedPumps'>;
  /** The pathway's. */
  readonly name: string;
  readonly logger: PathwaysLogger;
}

export interface PauseRestoration {
  /** `false`: the control plane cannot know. @default true */
  readonly asks?: boolean;
  readonly signal?: AbortSignal;
}

/** Pauses, before anything is delivered, what an operator paused while the application was away (newer features §6). */
export class PauseRestorer {
  /** Whatever was done with these since must stay as it is. */
  private readonly decided = new Set<string>();
  private hasFailed = false;

  constructor(private readonly options: PauseRestorerOptions) {}

  /**
   * Call it before the pumps start; later it looks only at pumps that came since, and at those nobody could say anything of.
   * Where the control plane has no opinion or no answer, the store's pauses stay; where it has one, that is stored, but a
   * pause of the application itself stays. Rejects with the store's error: what cannot be read must not be delivered.
   *
   * @returns `false` when the control plane was away: call it again when it is back.
   */
  async restore({ asks = true, signal }: PauseRestoration = {}): Promise<boolean> {
    const { pumps } = this.options;
    const open = pumps.status().filter(({ pump }) => !this.decided.has(pump));
    if (open.length === 0) return true;
    const stored = await pumps.pausedPumps();
    const delivery = asks ? await this.ask(signal) : undefined;
    if (delivery === 'away') return false;
    if (delivery) await this.apply(delivery, open, stored);
    for (const { pump } of open) this.decided.add(pump);
    return true;
  }

  private async apply(
    { isPaused, targets }: PathwayDelivery,
    open: readonly PumpStatus[],
    stored: readonly string[],
  ): Promise<void> {
    const { pumps, logger } = this.options;
    const keys = isPaused ? pumpTargets(open, targets).keys : [];
    const active = stored.filter((key) => open.some(({ pump }) => pump === key) && !keys.includes(key));
    if (active.length > 0) {
      await pumps.liftPauses({ keys: active });
      const left = (await pumps.pausedPumps()).filter((key) => active.includes(key));
      if (left.length > 0)
        logger.info(
          `${left.join(', ')} stays paused: this application paused it, and not the control plane, which calls its delivery active`,
        );
    }
    const paused = keys.filter((key) => !stored.includes(key));
    if (paused.length > 0) await pumps.pauseAs('control-plane', { keys: paused });
  }

  private async ask(signal: AbortSignal | undefined): Promise<PathwayDelivery | 'away' | undefined> {
    const { controlPlane, name, logger } = this.options;
    try {
      const delivery = await controlPlane.delivery(name, signal);
      this.hasFailed = false;
      return delivery;
    } catch (error) {
      if (signal?.aborted) throw error;
      // Registered for the first time in a moment: nobody can have paused it.
      if (error instanceof PlatformNotFoundError) return undefined;
      const text =
        'The control plane does not say whether delivery is paused; what the store remembers holds';
      if (this.hasFailed) logger.debug(text, errorFields(error));
      else logger.warn(text, errorFields(error));
      this.hasFailed = true;
      return isOutage(error) ? 'away' : undefined;
    }
  }
}
