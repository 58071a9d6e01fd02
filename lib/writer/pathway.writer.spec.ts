import { describe, expect, it, vi } from 'vitest';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import { PathwayNotWritableError } from '../errors/pathway-not-writable.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { KEY, NOW, order, OrderPlaced, writersUnderTest } from './pathway.writer.spec-util.js';
import { failureOf } from '../../test/support/failure-of.js';

const open = writersUnderTest();
const fireAndForget = { fireAndForget: true };

describe('writing one event', () => {
  it('stores the payload as given, and says so to pump and telemetry at once', async () => {
    const { writer, platform, announced, written } = await open();
    const eventId = await writer.write(OrderPlaced, { data: order(), options: fireAndForget });
    expect(await platform.all('placed.0')).toMatchObject([{ eventId, payload: order() }]);
    expect(announced).toEqual([eventId]);
    expect(written).toEqual([[KEY, 1]]);
  });

  it('takes a key in place of the class, and checks the payload all the same', async () => {
    const { writer, platform } = await open();
    const eventId = await writer.write(KEY, { data: order(), options: fireAndForget });
    expect(await platform.all('placed.0')).toMatchObject([{ eventId }]);
    await expect(writer.write(KEY, { data: {}, options: fireAndForget })).rejects.toThrow(
      EventPayloadInvalidError,
    );
  });

  it('metadata arrives whole: umlauts and emoji unchanged, other values as text', async () => {
    const { writer, platform } = await open();
    const metadata = { note: 'grün 🚀', count: 3, nested: { a: [1] } };
    await writer.write(OrderPlaced, { data: order(), metadata, options: fireAndForget });
    const [event] = await platform.all('placed.0');
    expect(event?.metadata).toEqual({ note: 'grün 🚀', count: '3', nested: '{"a":[1]}' });
  });

  it('an event time decides the bucket; a valid time travels along', async () => {
    const { writer, platform } = await open();
    const eventTime = new Date('2026-04-30T08:15:00Z');
    const validTime = new Date('2026-01-01T00:00:00Z');
    await writer.write(OrderPlaced, { data: order(), options: { ...fireAndForget, eventTime, validTime } });
    expect(await platform.all('placed.0')).toMatchObject([
      { timeBucket: '20260430080000', validTime: validTime.toISOString() },
    ]);
  });

  it('a payload with several mistakes is refused with every one of them, and nothing is sent', async () => {
    const { writer, local, announced, written } = await open();
    const data = { orderId: 7, quantity: 0.5 } as unknown as OrderPlaced;
    const error = await failureOf(writer.write(OrderPlaced, { data }), EventPayloadInvalidError);
    expect(error.issues.map(({ path }) => path).sort()).toEqual(['orderId', 'quantity', 'quantity']);
    expect(local.stats.requests).toEqual({});
    expect([announced, written]).toEqual([[], []]);
  });

  it.each([['order.0/nobody.0' as const], [class Stranger {}]])(
    'an unknown pathway (%s) is refused by name, and nothing is sent',
    async (target) => {
      const { writer, local } = await open();
      const error = await failureOf(writer.write(target, { data: {} }), PathwayUnknownError);
      expect(error.message).toContain(typeof target === 'string' ? target : 'Stranger');
      expect(local.stats.requests).toEqual({});
    },
  );

  it('a pathway that is not writable here is refused, and nothing is sent', async () => {
    const { writer, local, declare } = await open();
    declare({ eventType: 'read-only.0', writable: false });
    await failureOf(writer.write('order.0/read-only.0', { data: {} }), PathwayNotWritableError);
    expect(local.stats.requests).toEqual({});
  });

  it('a wait that nobody would end is refused before anything is sent; fireAndForget is not', async () => {
    const { writer, local } = await open({ whyUnawaitable: 'no method handles it' });
    const error = await failureOf(writer.write(OrderPlaced, { data: order() }), PathwayWriteUnawaitableError);
    expect(error.message).toContain('no method handles it');
    expect(local.stats.requests).toEqual({});
    await writer.write(OrderPlaced, { data: order(), options: fireAndForget });
    expect(local.eventCount()).toBe(1);
  });

  it('a refusal of the platform is passed on, and neither pump nor telemetry hear of an event', async () => {
    const { writer, local, announced, written } = await open();
    local.faults.add({ kind: 'status', status: 400, body: { message: 'quota exceeded' } });
    const error = await failureOf(writer.write(OrderPlaced, { data: order() }), PlatformRequestError);
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('quota exceeded') });
    expect([announced, written]).toEqual([[], []]);
  });

  it('a platform that stumbles is asked again, and the event is stored', async () => {
    const { writer, local } = await open();
    local.faults.add({ kind: 'status', status: 503, times: 2 });
    local.faults.add({ kind: 'dropped-connection', times: 1 });
    await writer.write(OrderPlaced, { data: order(), options: fireAndForget });
    expect(local.eventCount()).toBe(1);
  });

  it('a signal that aborted before sends nothing', async () => {
    const { writer, local } = await open();
    const reason = new Error('the caller left');
    const options = { ...fireAndForget, signal: AbortSignal.abort(reason) };
    await expect(writer.write(OrderPlaced, { data: order(), options })).rejects.toBe(reason);
    expect(local.stats.requests).toEqual({});
  });

  it('a signal that aborts while the platform thinks ends the write with its reason', async () => {
    const { writer, local } = await open();
    const hang = local.faults.add({ kind: 'hang' });
    const caller = new AbortController();
    const reason = new Error('the caller left');
    const outcome = writer.write(OrderPlaced, { data: order(), options: { signal: caller.signal } });
    outcome.catch(() => {});
    await vi.waitFor(() => expect(hang.hits).toBe(1));
    caller.abort(reason);
    await expect(outcome).rejects.toBe(reason);
  });
});

describe('waiting for one event', () => {
  /** Written, and waited for. */
  async function waiting(options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
    const parts = await open();
    const outcome = parts.writer.write(OrderPlaced, { data: order(), options });
    outcome.catch(() => {});
    await vi.waitFor(() => expect(parts.waiters.size).toBe(1));
    return { ...parts, outcome, eventId: parts.announced[0] ?? '' };
  }

  it('the write resolves with the id once the event is processed, and not before', async () => {
    const { outcome, eventId, waiters } = await waiting();
    let isOver = false;
    void outcome.then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    waiters.settle(eventId, { status: 'processed' });
    expect(await outcome).toBe(eventId);
  });

  it('the write rejects with the error of the handler when the event becomes a dead letter', async () => {
    const { outcome, eventId, waiters } = await waiting();
    const error = new PathwayHandlerFailedError(KEY, eventId, 4, new Error('no stock'));
    waiters.settle(eventId, { status: 'dead-lettered', error });
    await expect(outcome).rejects.toBe(error);
  });

  it.each([
    ['of the module', {}, 10_000],
    ['of the write', { timeoutMs: 70 }, 70],
  ])('the time limit %s ends the wait and says that the event is stored', async (_, options, timeoutMs) => {
    const { outcome, eventId, clock, local } = await waiting(options);
    clock.advance(timeoutMs - 1);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    const error = await failureOf(outcome, PathwayWriteTimeoutError);
    expect(error).toMatchObject({ key: KEY, eventId, timeoutMs, stored: true });
    expect(error.message).toContain('Do not write it again');
    expect(local.eventCount()).toBe(1);
  });

  it('the time limit of the pathway wins over that of the module', async () => {
    const { writer, declare, clock, waiters } = await open();
    declare({ eventType: 'quick.0', timeoutMs: 50 });
    const outcome = writer.write('order.0/quick.0', { data: {} });
    outcome.catch(() => {});
    await vi.waitFor(() => expect(waiters.size).toBe(1));
    clock.advance(50);
    await expect(outcome).rejects.toMatchObject({ timeoutMs: 50 });
    expect(clock.now()).toBe(NOW + 50);
  });

  it('a signal that aborts ends the wait with its reason; the event stays stored', async () => {
    const caller = new AbortController();
    const reason = new Error('the caller left');
    const { outcome, local, waiters } = await waiting({ signal: caller.signal });
    caller.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    expect(local.eventCount()).toBe(1);
    expect(waiters.size).toBe(0);
  });
});
