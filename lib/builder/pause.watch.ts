import { withJitter } from '../event/clock.interface.js';
import { errorFields } from '../event/logger.interface.js';
import { BackgroundLoop } from '../provisioning/background.loop.js';
import type { PumpManager } from '../pump/pump.manager.js';
import type { DeliveryStore } from '../state/delivery-store.interface.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** Between two looks at the store: for stores that do not tell, and for what was told while nobody could hear it. */
const LOOK_MS = 5_000;

/** What the watch works with. */
export interface PauseWatchOptions extends Pick<ResolvedEngineOptions, 'clock' | 'logger'> {
  readonly pumps: Pick<PumpManager, 'followPauses'>;
  readonly delivery: DeliveryStore | undefined;
  readonly deliveryKey: string;
}

/** Lets the pumps follow what other instances were told, whether or not a control plane is there. */
export class PauseWatch {
  private readonly loop: BackgroundLoop;
  private hasFailed = false;
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly options: PauseWatchOptions) {
    // Instances that start together must not ask together for ever.
    const everyMs = withJitter(LOOK_MS, 0.2);
    this.loop = new BackgroundLoop('PauseWatch', options.clock, everyMs, (signal) => this.look(signal));
  }

  start(): void {
    const { delivery, deliveryKey } = this.options;
    // Before the first look: a pause right after it must not be missed.
    this.unsubscribe ??= delivery?.onChanged?.(deliveryKey, () => this.loop.wake());
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    await this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { pumps, logger } = this.options;
    try {
      await pumps.followPauses();
      this.hasFailed = false;
    } catch (error) {
      if (signal.aborted) return;
      const text =
        'The store does not say which pumps are paused; they stay as they are, and it is asked again';
      // The same trouble every few seconds would bury everything else in the log.
      if (this.hasFailed) logger.debug(text, errorFields(error));
      else logger.warn(text, errorFields(error));
      this.hasFailed = true;
    }
  }
}
