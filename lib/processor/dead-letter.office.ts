import { createHash } from 'node:crypto';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { PathwayEventDeadLetteredError } from '../errors/pathway-event-dead-lettered.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { DeadLetter } from '../state/dead-letter-store.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { fingerprintOf } from './error-fingerprint.util.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { FailedAttempt } from './handler.runner.js';
import { withStoreRetry } from './store-retry.util.js';

/** The parts the office works with. */
export interface DeadLetterOfficeDependencies {
  readonly store: PathwaysStore;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** An event to keep, and why. */
export interface UndeliverableEvent {
  readonly pathway: PathwayContract;
  readonly event: FlowcoreEvent;
  readonly delivery: EventDelivery;
  readonly orderKey: string | undefined;
  readonly reason: DeadLetter['reason'];
  readonly attempts: readonly FailedAttempt[];
  readonly error: Error;
}

/** Turns events that cannot be handled into dead letters. */
export class DeadLetterOffice {
  constructor(private readonly deps: DeadLetterOfficeDependencies) {}

  async add(undeliverable: UndeliverableEvent): Promise<void> {
    const { pathway, event, delivery, orderKey, reason, attempts, error } = undeliverable;
    const cause = attempts.at(-1)?.error ?? error;
    await this.keep(delivery, {
      eventId: event.eventId,
      pathway: pathway.key,
      event,
      source: delivery.source,
      orderKey,
      reason,
      error: error.message,
      fingerprint: fingerprintOf(cause),
      attempts: attempts.map(({ at, error: { name, message, stack } }) => ({
        at: new Date(at),
        errorName: name,
        message,
        ...(stack ? { stack } : {}),
      })),
      deadLetteredAt: new Date(this.deps.clock.now()),
    });
  }

  /** Keeps what is not an event at all. Without an id of its own it gets one made from its content, so it is kept once. */
  async addMalformed(raw: unknown, problems: readonly string[], delivery: EventDelivery): Promise<void> {
    const error = new EventMalformedError(problems);
    const event = asEvent(raw);
    await this.keep(delivery, {
      eventId: event.eventId,
      pathway: `${event.flowType}/${event.eventType}` as PathwayKey,
      event,
      source: delivery.source,
      orderKey: undefined,
      reason: 'invalid',
      error: error.message,
      fingerprint: error.name,
      attempts: [],
      deadLetteredAt: new Date(this.deps.clock.now()),
    });
  }

  /** Why an event is a dead letter, for a delivery that comes after the fact. */
  async errorOf(pathway: PathwayKey, eventId: string): Promise<Error> {
    const letter = await this.deps.store.deadLetters.get(eventId);
    return new PathwayEventDeadLetteredError(
      pathway,
      eventId,
      letter?.error ?? 'its cause is no longer known.',
    );
  }

  private async keep(delivery: EventDelivery, letter: DeadLetter): Promise<void> {
    await withStoreRetry(this.deps.clock, delivery.signal, () => this.deps.store.deadLetters.add(letter));
    this.deps.logger.error(
      `Event ${letter.eventId} of ${letter.pathway} is now a dead letter: ${letter.error}`,
      {
        reason: letter.reason,
        fingerprint: letter.fingerprint,
        source: letter.source,
      },
    );
  }
}

function asEvent(raw: unknown): FlowcoreEvent {
  const fields = (typeof raw === 'object' && raw !== null ? raw : {}) as Partial<
    Record<keyof FlowcoreEvent, unknown>
  >;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    eventId:
      text(fields.eventId) ||
      `malformed-${createHash('sha256')
        .update(JSON.stringify(raw) ?? '')
        .digest('hex')
        .slice(0, 32)}`,
    timeBucket: text(fields.timeBucket),
    tenant: text(fields.tenant),
    dataCoreId: text(fields.dataCoreId),
    flowType: text(fields.flowType),
    eventType: text(fields.eventType),
    metadata: (fields.metadata ?? {}) as FlowcoreEvent['metadata'],
    payload: 'payload' in fields ? fields.payload : raw,
    validTime: text(fields.validTime),
  };
}
