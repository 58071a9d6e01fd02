import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';

/** What a subscriber learns. */
export interface NotificationListener {
  onStored(notification: StoredEventNotification): void;
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
