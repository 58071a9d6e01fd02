import { createHash } from 'node:crypto';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventLog } from '../security/event-log.js';
import { claimIdOfLetter, type DeadLetter } from '../state/dead-letter-store.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { claimIdOf } from './claim-id.util.js';
import { fingerprintOf } from './error-fingerprint.util.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { FailedAttempt } from './handler.runner.js';
import { withStoreRetry } from './store-retry.util.js';

/** The parts the office works with. */
export interface DeadLetterOfficeDependencies {
  readonly store: PathwaysStore;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  readonly eventLog?: EventLog | undefined;
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

/** A letter that is replayed again and again must not grow without end. The latest attempts are kept. */
const MOST_ATTEMPTS = 100;

/** Whether what a letter keeps never was an event. Every other `invalid` one has the attempt that found it so. */
export function isMalformedLetter({ reason, attempts }: DeadLetter): boolean {
  return reason === 'invalid' && attempts.length === 0;
}

/** Turns events that cannot be handled into dead letters. */
export class DeadLetterOffice {
  constructor(private readonly deps: DeadLetterOfficeDependencies) {}

  /** Keeps an event and marks it, so that a redelivery is not handled. */
  async add(undeliverable: UndeliverableEvent): Promise<void> {
    const { store, clock } = this.deps;
    const { generation, signal } = undeliverable.delivery;
    const letter = await this.continued(this.letterOf(undeliverable), undeliverable.delivery);
    await withStoreRetry(clock, signal, async () => {
      if (store.endAsDeadLetter) return store.endAsDeadLetter(letter, generation);
      await store.deadLetters.add(letter);
      await store.state.complete(claimIdOfLetter(letter), generation, 'dead-lettered');
    });
    this.report(letter);
  }

  /** Keeps an event behind the dead letters of its key and marks it; `false` when there are none any more. */
  async park(undeliverable: UndeliverableEvent): Promise<boolean> {
    const { store, clock } = this.deps;
    const letter = this.letterOf(undeliverable);
    const { generation, signal } = undeliverable.delivery;
    const isParked = await withStoreRetry(clock, signal, () => store.deadLetters.park(letter));
    if (!isParked) return false;
    await withStoreRetry(clock, signal, () =>
      store.state.complete(claimIdOfLetter(letter), generation, 'dead-lettered'),
    );
    this.report(letter);
    return true;
  }

  /** Keeps what is not an event at all. Without an id of its own it gets one made from its content, so it is kept once. */
  async addMalformed(raw: unknown, problems: readonly string[], delivery: EventDelivery): Promise<void> {
    const error = new EventMalformedError(problems);
    const event = asEvent(raw);
    const letter: DeadLetter = {
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
    };
    const { store, clock } = this.deps;
    await withStoreRetry(clock, delivery.signal, () => store.deadLetters.add(letter));
    this.report(letter);
  }

  /** A letter that failed again goes on where it stood: with its earlier attempts, and in the key it was kept under. */
  private async continued(letter: DeadLetter, { purpose, signal }: EventDelivery): Promise<DeadLetter> {
    if (purpose !== 'replay') return letter;
    const { store, clock } = this.deps;
    const earlier = await withStoreRetry(clock, signal, () => store.deadLetters.get(letter.eventId));
    if (!earlier) return letter;
    const attempts = [...earlier.attempts, ...letter.attempts].slice(-MOST_ATTEMPTS);
    // The key function may have changed since: in another key the letter would lose its place.
    return { ...letter, orderKey: earlier.orderKey, attempts };
  }

  private letterOf(undeliverable: UndeliverableEvent): DeadLetter {
    const { pathway, event, delivery, orderKey, reason, attempts, error } = undeliverable;
    const claimId = claimIdOf(event);
    return {
      eventId: event.eventId,
      ...(claimId !== event.eventId && { claimId }),
      pathway: pathway.key,
      event,
      source: delivery.source,
      orderKey,
      reason,
      error: error.message,
      fingerprint: fingerprintOf(attempts.at(-1)?.error ?? error),
      attempts: attempts.map(({ at, error: { name, message, stack } }) => ({
        at: new Date(at),
        errorName: name,
        message,
        ...(stack ? { stack } : {}),
      })),
      deadLetteredAt: new Date(this.deps.clock.now()),
      generation: delivery.generation,
    };
  }

  private report(letter: DeadLetter): void {
    const { eventId, pathway, event, error, reason, fingerprint, source, attempts } = letter;
    const last = attempts.at(-1);
    this.deps.telemetry.deadLettered?.(pathway, reason);
    this.deps.logger.error(`Event ${eventId} of ${pathway} is now a dead letter: ${error}`, {
      reason,
      fingerprint,
      source,
      // For loggers that pass errors on: what failed, and where.
      ...(last && { error: last.message, ...(last.stack !== undefined && { stack: last.stack }) }),
    });
    const { eventLog, logger } = this.deps;
    // As delivered, so an encrypted payload is ciphertext here.
    if (eventLog)
      logger.debug(`Event ${eventId} of ${pathway} as it was delivered`, eventLog.fieldsOf(event));
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
