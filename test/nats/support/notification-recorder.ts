import type {
  NotificationListener,
  NotificationSource,
  NotifierFactory,
  StoredEventNotification,
} from 'nestjs-pathways';
import type { ControllableClock } from 'nestjs-pathways/testing';
import { silentLogger } from '../../../lib/event/logger.interface.js';

/** Stands between a real source and its listener, and writes down what passes. */
export class NotificationRecorder {
  readonly stored: StoredEventNotification[] = [];
  /** Event types of messages that did not say which event. */
  readonly unspecified: string[] = [];
  readonly errors: unknown[] = [];
  connected = 0;
  lookUps = 0;
  lookUp: (signal: AbortSignal) => Promise<string> = async () => 'dc-1';

  constructor(private readonly clock: ControllableClock) {}

  watch(factory: NotifierFactory): NotificationSource {
    const source = factory.createNotifier({
      clock: this.clock,
      logger: silentLogger,
      dataCoreId: (signal) => {
        this.lookUps++;
        return this.lookUp(signal);
      },
    });
    return {
      subscribe: (flowType, listener) => source.subscribe(flowType, this.before(listener)),
    };
  }

  private before(listener: NotificationListener): NotificationListener {
    return {
      onStored: (notification) => {
        this.stored.push(notification);
        listener.onStored(notification);
      },
      onSomethingStored: (eventType) => {
        this.unspecified.push(eventType);
        listener.onSomethingStored(eventType);
      },
      onConnected: () => {
        this.connected++;
        listener.onConnected();
      },
      onDisconnected: (error) => {
        this.errors.push(error);
        listener.onDisconnected(error);
      },
    };
  }
}
