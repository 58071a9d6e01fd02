import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod4';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { KEY, orders, OrderPlaced, writersUnderTest } from './pathway.writer.spec-util.js';
import { failureOf } from '../../test/support/failure-of.js';

const open = writersUnderTest();
const fireAndForget = { fireAndForget: true };
const numbersOf = (events: readonly { payload: unknown }[]) =>
  events.map(({ payload }) => (payload as { orderId: string }).orderId);
const names = (count: number) => orders(count).map(({ orderId }) => orderId);

describe('writing a batch', () => {
  it.each([
    [1, 1],
    [25, 1],
    [26, 2],
    [60, 3],
  ])('%i events travel in %i requests, stored in the order given, one id each', async (count, requests) => {
    const { writer, local, platform, announced, written } = await open();
    const eventIds = await writer.write(OrderPlaced, {
      batch: true,
      data: orders(count),
      options: fireAndForget,
    });
    const events = await platform.all('placed.0');
    expect(numbersOf(events)).toEqual(names(count));
    expect(events.map(({ eventId }) => eventId)).toEqual(eventIds);
    expect(local.stats.requests['POST /events']).toBe(requests);
    expect(announced).toEqual(eventIds);
    expect(written).toEqual([[KEY, count]]);
  });

  it('an empty one sends nothing and waits for nothing', async () => {
    const { writer, local } = await open();
    expect(await writer.write(OrderPlaced, { batch: true, data: [] })).toEqual([]);
    expect(local.stats.requests).toEqual({});
  });

  it('metadata belongs to every event of every request', async () => {
    const { writer, platform } = await open();
    await writer.write(OrderPlaced, {
      batch: true,
      data: orders(30),
      metadata: { run: 'r-1' },
      options: fireAndForget,
    });
    const events = await platform.all('placed.0');
    expect(events.filter(({ metadata }) => metadata['run'] === 'r-1')).toHaveLength(30);
  });

  it('one bad payload at its end keeps all of it from being sent', async () => {
    const { writer, local } = await open();
    const data = [...orders(59), { orderId: 'bad', quantity: 0 }];
    const error = await failureOf(
      writer.write(OrderPlaced, { batch: true, data, options: fireAndForget }),
      EventPayloadInvalidError,
    );
    expect(error.issues).toMatchObject([{ path: 'quantity' }]);
    expect(local.stats.requests).toEqual({});
  });

  it('a list that the caller empties and refills at once still sends what was written', async () => {
    const { writer, platform, declare } = await open();
    declare({ eventType: 'async.0', schema: z.looseObject({}).refine(async () => true) });
    for (const key of [KEY, 'order.0/async.0'] as const) {
      const buffer = orders(60);
      const outcome = writer.write(key, { batch: true, data: buffer, options: fireAndForget });
      buffer.splice(0, 60, { orderId: 'never checked', quantity: -1 });
      expect(await outcome).toHaveLength(60);
      expect(numbersOf(await platform.all(key.split('/')[1] ?? ''))).toEqual(names(60));
    }
  });
});

describe('a batch of which a later part fails', () => {
  /** Held at its first request, so that a fault can meet the second one. */
  async function heldAtFirstPart(options: { signal?: AbortSignal } = {}) {
    const parts = await open();
    const held = parts.local.faults.add({ kind: 'latency', delayMs: 1_000, times: 1 });
    const outcome = parts.writer.write(OrderPlaced, { batch: true, data: orders(60), options });
    outcome.catch(() => {});
    await vi.waitFor(() => expect([held.hits, parts.platformClock.pendingTimers]).toEqual([1, 1]));
    return { ...parts, outcome };
  }

  it('says which events are stored and what to write again; those are known to pump and telemetry', async () => {
    const { outcome, local, platform, platformClock, announced, written } = await heldAtFirstPart();
    local.faults.add({ kind: 'status', status: 400, body: { message: 'quota exceeded' } });
    platformClock.advance(1_000);
    const error = await failureOf(outcome, PathwayBatchIncompleteError);
    local.faults.clear();
    const events = await platform.all('placed.0');
    expect(numbersOf(events)).toEqual(names(25));
    expect(error).toMatchObject({ key: KEY, total: 60, eventIds: events.map(({ eventId }) => eventId) });
    expect(error.message).toMatch(/first 25 of 60 .*quota exceeded.*data\.slice\(25\)/);
    expect(error.cause).toBeInstanceOf(PlatformRequestError);
    expect(announced).toEqual(error.eventIds);
    expect(written).toEqual([[KEY, 25]]);
  });

  it('is whole and in order when the failure passes', async () => {
    const { writer, local, platform, platformClock } = await open();
    const held = local.faults.add({ kind: 'latency', delayMs: 1_000, times: 1 });
    const outcome = writer.write(OrderPlaced, { batch: true, data: orders(60), options: fireAndForget });
    await vi.waitFor(() => expect([held.hits, platformClock.pendingTimers]).toEqual([1, 1]));
    local.faults.add({ kind: 'status', status: 503, times: 2 });
    platformClock.advance(1_000);
    expect(await outcome).toHaveLength(60);
    expect(numbersOf(await platform.all('placed.0'))).toEqual(names(60));
  });

  it('because the caller aborts, tells the stored part all the same', async () => {
    const caller = new AbortController();
    const reason = new Error('the caller left');
    const { outcome, local, platformClock } = await heldAtFirstPart({ signal: caller.signal });
    const hang = local.faults.add({ kind: 'hang' });
    platformClock.advance(1_000);
    await vi.waitFor(() => expect(hang.hits).toBe(1));
    caller.abort(reason);
    const error = await failureOf(outcome, PathwayBatchIncompleteError);
    expect(error.eventIds).toHaveLength(25);
    expect(error.cause).toBe(reason);
  });

  it('at its first request is no incomplete batch: nothing is stored', async () => {
    const { writer, local, announced } = await open();
    local.faults.add({ kind: 'status', status: 400 });
    const outcome = writer.write(OrderPlaced, { batch: true, data: orders(60) });
    expect(await failureOf(outcome, PlatformRequestError)).not.toBeInstanceOf(PathwayBatchIncompleteError);
    expect(announced).toEqual([]);
    expect(local.eventCount()).toBe(0);
  });
});

describe('waiting for a batch', () => {
  async function waiting() {
    const parts = await open();
    const outcome = parts.writer.write(OrderPlaced, { batch: true, data: orders(30) });
    outcome.catch(() => {});
    await vi.waitFor(() => expect(parts.waiters.size).toBe(30));
    return { ...parts, outcome };
  }

  it('the write resolves when the last event is processed, in whatever order they end', async () => {
    const { outcome, announced, waiters } = await waiting();
    for (const eventId of announced.toReversed()) waiters.settle(eventId, { status: 'processed' });
    expect(await outcome).toEqual(announced);
  });

  it('the write rejects when one of them becomes a dead letter', async () => {
    const { outcome, announced, waiters, clock } = await waiting();
    const [first = '', second = '', ...rest] = announced;
    const error = new PathwayHandlerFailedError(KEY, second, 4, new Error('no stock'));
    waiters.settle(first, { status: 'processed' });
    waiters.settle(second, { status: 'dead-lettered', error });
    await expect(outcome).rejects.toBe(error);
    expect(rest).toHaveLength(28);
    expect([waiters.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('the time limit names an event that is not processed yet', async () => {
    const { outcome, announced, waiters, clock } = await waiting();
    const late = announced[17] ?? '';
    for (const eventId of announced) {
      if (eventId !== late) waiters.settle(eventId, { status: 'processed' });
    }
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    expect(await failureOf(outcome, PathwayWriteTimeoutError)).toMatchObject({ eventId: late, stored: true });
  });
});
