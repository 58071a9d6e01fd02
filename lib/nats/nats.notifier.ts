import type {
  NotificationListener,
  NotificationSource,
  NotificationSubscription,
  NotifierContext,
  NotifierFactory,
} from '../platform/notification-source.interface.js';
import { type ConnectionEvents, LastingSubscription } from '../platform/notification.subscription.js';
import { outsideRequests } from '../platform/outside-requests.util.js';
import { loadNats, type NatsPackage } from './load-nats.js';
import { readNatsMessage, subjectOf } from './nats-message.util.js';
import {
  resolveNatsNotifierOptions,
  type NatsNotifierOptions,
  type ResolvedNatsNotifierOptions,
} from './nats-notifier.options.js';
import { runNatsConnection } from './nats.connection.js';

/**
 * Announces stored events over NATS (protocol §6.3), for `pump.notifier`. Connects when the pumps start, and again by
 * itself for as long as they run; between two connections events are found at `pump.pollIntervalMs`.
 *
 * @throws PathwaysConfigurationError listing every problem of the options. The engine that uses it throws
 * OptionalPackageMissingError when `@nats-io/transport-node` is not installed.
 */
export function natsNotifier(options: NatsNotifierOptions): NotifierFactory {
  const resolved = resolveNatsNotifierOptions(options);
  return { createNotifier: (context) => new NatsNotifications(resolved, loadNats(), context) };
}

/** One lasting connection per subscription. */
class NatsNotifications implements NotificationSource {
  constructor(
    private readonly options: ResolvedNatsNotifierOptions,
    private readonly nats: NatsPackage,
    private readonly context: NotifierContext,
  ) {}

  subscribe(flowType: string, listener: NotificationListener): NotificationSubscription {
    const { clock, logger } = this.context;
    const connect = (events: ConnectionEvents, signal: AbortSignal) => this.connect(flowType, events, signal);
    return outsideRequests(
      () => new LastingSubscription({ flowType, connect, clock, logger, random: Math.random }, listener),
    );
  }

  private async connect(flowType: string, events: ConnectionEvents, signal: AbortSignal): Promise<unknown> {
    const dataCoreId = await this.context.dataCoreId(signal);
    return runNatsConnection(
      {
        ...this.options,
        nats: this.nats,
        clock: this.context.clock,
        subject: subjectOf(dataCoreId, flowType),
        onSubscribed: () => events.onSubscribed(),
        onMessage: (message) => {
          const announced = readNatsMessage(message, { dataCoreId, flowType });
          if (announced.kind === 'stored') events.onStored(announced.notification);
          else events.onSomethingStored(announced.eventType);
        },
      },
      signal,
    );
  }
}
