import { randomUUID } from 'node:crypto';
import { PlatformRequestError } from '../../errors/platform-request.error.js';
import type { Clock } from '../../event/clock.interface.js';
import type { PathwaysLogger } from '../../event/logger.interface.js';
import { IDEMPOTENCY_ID_KEY } from '../../event/metadata.constants.js';
import type { PathwayKey } from '../../event/pathway-key.util.js';
import type { Telemetry } from '../../event/telemetry.interface.js';
import type { IngestionClient } from '../../platform/ingestion.client.js';
import { isRefusedForGood } from '../../platform/refusal.util.js';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import type { OutboxRow, OutboxStore } from '../../state/outbox-store.interface.js';

/** The parts the sender works with. */
export interface OutboxSenderDependencies {
  readonly store: OutboxStore;
  readonly ingestion: IngestionClient;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  /** Told at once, so the process's own pump needs no notification to find the events. */
  onStored(flowType: string, eventType: string, eventIds: readonly string[]): void;
}

/** What became of a group. `failed`: to be tried again later, with the same id. `lost`: another relay has it. */
export type SendEnd =
  { readonly status: 'sent' | 'lost' } | { readonly status: 'failed'; readonly error: unknown };

/**
 * Sends one group of entries.
 *
 * *has an id* (given and stored before the first request, so that every copy has the same) → *sent* → *marked as sent*. A
 * crash after *sent* sends a copy, which the consumers drop. A request that is refused for good, or cannot even be made, is
 * taken apart: the entries that fail alone are set aside.
 */
export class OutboxSender {
  constructor(private readonly deps: OutboxSenderDependencies) {}

  async send(rows: readonly OutboxRow[], token: FencingToken, signal: AbortSignal): Promise<SendEnd> {
    try {
      const idempotencyId = rows[0]?.idempotencyId ?? (await this.assign(rows, token));
      if (idempotencyId === undefined) return { status: 'lost' };
      await this.sendAs(idempotencyId, rows, signal);
      return { status: 'sent' };
    } catch (error) {
      if (!signal.aborted) await this.noteFailure(rows, error);
      return { status: 'failed', error };
    }
  }

  private async assign(rows: readonly OutboxRow[], token: FencingToken): Promise<string | undefined> {
    const idempotencyId = randomUUID();
    const ids = rows.map(({ id }) => id);
    const assigned = await this.deps.store.assign(ids, idempotencyId, token);
    // Some have got another id meanwhile: read anew, each goes with the one it has.
    return assigned.length === ids.length ? idempotencyId : undefined;
  }

  /** @returns whether the only entry was set aside. */
  private async sendAs(
    idempotencyId: string,
    rows: readonly OutboxRow[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const [first] = rows;
    if (!first) return false;
    const { clock, ingestion, store, telemetry } = this.deps;
    const { flowType, eventType, headers } = first;
    const withId = { ...headers, metadata: { ...headers.metadata, [IDEMPOTENCY_ID_KEY]: idempotencyId } };
    const isBatch =
      rows.length > 1 || headers.eventTimeKey !== undefined || headers.validTimeKey !== undefined;
    const startedAt = clock.now();
    let eventIds: readonly string[];
    try {
      const payloads = rows.map(({ payload }) => payload);
      eventIds = isBatch
        ? await ingestion.writeBatch(first, payloads, withId, signal)
        : [await ingestion.writeEvent(first, first.payload, withId, signal)];
    } catch (error) {
      if (signal.aborted || !isRefusedForGood(error)) throw error;
      if (rows.length === 1) {
        await this.setAside(first, error);
        return true;
      }
      // Their claims are made of the id and each payload, so they may as well travel one by one.
      await this.oneByOne(idempotencyId, rows, signal);
      return false;
    }
    await store.sent(
      rows.map(({ id }) => id),
      eventIds,
    );
    const pathway: PathwayKey = `${flowType}/${eventType}`;
    telemetry.eventsWritten?.(pathway, eventIds.length, clock.now() - startedAt);
    this.deps.onStored(flowType, eventType, eventIds);
    return false;
  }

  private async oneByOne(
    idempotencyId: string,
    rows: readonly OutboxRow[],
    signal: AbortSignal,
  ): Promise<void> {
    const heldKeys = new Set<string>();
    for (const row of rows) {
      if (heldKeys.has(row.orderKey)) continue;
      if (await this.sendAs(idempotencyId, [row], signal)) heldKeys.add(row.orderKey);
    }
  }

  private async setAside(row: OutboxRow, error: Error): Promise<void> {
    await this.deps.store.hold(row.id, error.message);
    const why =
      error instanceof PlatformRequestError && error.status !== 0
        ? 'the platform refuses it for good'
        : 'no request can be made of it';
    this.deps.logger.error(
      `Outbox entry ${row.id} of ${row.flowType}/${row.eventType} is set aside, because ${why}; later entries of its key wait behind it. Correct the cause and call outbox.retry(), or outbox.discard(): ${error.message}`,
      { orderKey: row.orderKey, status: error instanceof PlatformRequestError ? error.status : 0 },
    );
  }

  private async noteFailure(rows: readonly OutboxRow[], error: unknown): Promise<void> {
    const text = error instanceof Error ? error.message : String(error);
    try {
      const ids = rows.map(({ id }) => id);
      await this.deps.store.failed(ids, text);
    } catch {
      // The store may be the failure itself; what is noted is for people only.
    }
  }
}
