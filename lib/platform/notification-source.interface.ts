import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';

/** What a subscriber learns. */
export interface NotificationListener {
  onStored(notification: StoredEventNotification): void;
  /** An event of this type was stored; the announcement does not say which. */
  onSomethingStored(eventType: string): void;
  /**
   * The subscription stands again after a gap (also the first time): anything stored in between was not announced.
   */
  onConnected(): void;
  /** The connection is gone; it is being re-established. */
  onDisconnected(error: unknown): void;
}

/** A running subscription. */
export interface NotificationSubscription {
  close(): Promise<void>;
}

/** Announces stored events of one flow type until closed, reconnecting by itself for ever. */
export interface NotificationSource {
  subscribe(flowType: string, listener: NotificationListener): NotificationSubscription;
}

/** What a notifier is given to work with. */
export interface NotifierContext {
  /** Id of the data core, looked up anew at every call. */
  dataCoreId(signal: AbortSignal): Promise<string>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** Makes the source of notifications of one engine: what `natsNotifier()` returns. */
export interface NotifierFactory {
  createNotifier(context: NotifierContext): NotificationSource;
}
