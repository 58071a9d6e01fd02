import { describe, expect, it, vi } from 'vitest';
import { createPathwayContract } from '../contract/create-pathway-contract.js';
import { PathwayEventDeadLetteredError } from '../errors/pathway-event-dead-lettered.error.js';
import { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
import { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
import { EventWaiters } from '../state/event-waiters.js';
import { memoryStore } from '../state/memory.store.js';
import { ControllableClock } from '../testing/controllable-clock.js';
import { ProcessingWaiter } from './processing.waiter.js';

const pathway = createPathwayContract({ flowType: 'order.0', eventType: 'placed.0' }, { declaredBy: 'spec' });
const NOW = Date.UTC(2026, 4, 1, 10, 30);

/** Somebody may end every wait. */
const HOPEFUL = { whyInVain: () => undefined, whyAtRest: () => undefined };

function setUp() {
  const clock = new ControllableClock(NOW);
  const store = memoryStore(clock);
  const waiters = new EventWaiters();
  return { clock, store, waiters, waiter: new ProcessingWaiter({ ...HOPEFUL, store, waiters, clock }) };
}

describe('an event that ended before anybody waited for it', () => {
  it('is not waited for in vain when it was processed', async () => {
    const { waiter, store, clock, waiters } = setUp();
    await store.state.claim('e-1', 0);
    await store.state.complete('e-1', 0, 'processed');
    await waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    expect([clock.now(), clock.pendingTimers, waiters.size]).toEqual([NOW, 0, 0]);
  });

  it.each([
    ['with its cause', true, 'TypeError: no stock'],
    ['also when its letter was removed since', false, 'no longer known'],
  ])('rejects as a dead letter, %s', async (_, hasLetter, text) => {
    const { waiter, store } = setUp();
    await store.state.complete('e-1', 0, 'dead-lettered');
    if (hasLetter) {
      await store.deadLetters.add({
        eventId: 'e-1',
        pathway: pathway.key,
        event: {} as never,
        source: 'order.0::default',
        orderKey: undefined,
        reason: 'failed',
        error: 'TypeError: no stock',
        fingerprint: 'f',
        attempts: [],
        deadLetteredAt: new Date(NOW),
      });
    }
    const outcome = waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    await expect(outcome).rejects.toThrow(PathwayEventDeadLetteredError);
    await expect(outcome).rejects.toThrow(text);
  });

  it('between two of a batch counts, and the others are waited for', async () => {
    const { waiter, store, waiters } = setUp();
    await store.state.complete('e-2', 0, 'processed');
    const outcome = waiter.waitFor(pathway, ['e-1', 'e-2', 'e-3'], 1_000, undefined);
    waiters.settle('e-3', { status: 'processed' });
    await vi.waitFor(() => expect(waiters.size).toBe(1));
    waiters.settle('e-1', { status: 'processed' });
    await outcome;
  });
});

describe('an event with a claim id of its own', () => {
  const waitFor = (waiter: ProcessingWaiter) =>
    waiter.waitFor(pathway, ['e-1', 'e-2'], 1_000, undefined, ['idem:a', 'e-2']);

  it.each([['idem:a'], ['e-1']])(
    'is waited for under both names, and ends under either: %s',
    async (name) => {
      const { waiter, waiters, clock } = setUp();
      const outcome = waitFor(waiter);
      expect(waiters.size).toBe(3);
      waiters.settle('e-2', { status: 'processed' });
      waiters.settle(name, { status: 'processed' });
      await outcome;
      expect([clock.pendingTimers, waiters.size]).toEqual([0, 0]);
    },
  );

  it('says which event is stored when the time is over', async () => {
    const { waiter, clock } = setUp();
    const outcome = waitFor(waiter);
    clock.advance(1_000);
    await expect(outcome).rejects.toMatchObject({ eventId: 'e-1', stored: true });
  });
});

describe('a wait whose pump comes to rest', () => {
  const refusal = { eventId: 'e-2', stored: true, code: PathwayWriteUnawaitableError.code };

  function setUpAtRest() {
    const parts = setUp();
    const known: { here?: string | undefined; elsewhere?: string | undefined } = {};
    const store = { ...parts.store, signals: { waitFor: () => () => {}, ended: () => {} } };
    const whyAtRest = vi.fn(() => known.elsewhere);
    const waiter = new ProcessingWaiter({ ...parts, store, whyInVain: () => known.here, whyAtRest });
    return { ...parts, waiter, known, whyAtRest };
  }

  it('ends, and names the first event of a batch that is not processed', async () => {
    const { waiter, store, waiters, clock, known } = setUpAtRest();
    const outcome = waiter.waitFor(pathway, ['e-1', 'e-2', 'e-3'], 1_000, undefined);
    waiter.reconsider();
    await store.state.complete('e-1', 0, 'processed');
    known.here = 'its pump is paused';
    waiter.reconsider();
    await expect(outcome).rejects.toMatchObject({ ...refusal, message: /e-2 .*its pump is paused/ });
    expect([clock.pendingTimers, waiters.size]).toEqual([0, 0]);
  });

  it('ends when that happened before it began', async () => {
    const { waiter, known } = setUpAtRest();
    known.here = 'its pump is paused';
    await expect(waiter.waitFor(pathway, ['e-2'], 1_000, undefined)).rejects.toMatchObject(refusal);
  });

  it('resolves when the event had been processed before', async () => {
    const { waiter, store, known } = setUpAtRest();
    const outcome = waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    await store.state.complete('e-1', 0, 'processed');
    known.here = 'its pump is paused';
    waiter.reconsider();
    await outcome;
  });

  it('goes on when the pump does, before the state has answered', async () => {
    const { waiter, waiters, store, known } = setUpAtRest();
    const outcome = waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    known.here = 'its pump is paused';
    const answer = vi.spyOn(store.state, 'statusOf').mockImplementation(() => {
      delete known.here;
      return undefined;
    });
    waiter.reconsider();
    await vi.waitFor(() => expect(answer).toHaveBeenCalled());
    waiters.settle('e-1', { status: 'processed' });
    await outcome;
  });

  it('in another instance ends at the second look that finds it so', async () => {
    const { waiter, clock, known, whyAtRest } = setUpAtRest();
    const outcome = waiter.waitFor(pathway, ['e-2'], 60_000, undefined);
    const refused = expect(outcome).rejects.toMatchObject(refusal);
    for (const [look, elsewhere] of ['paused', undefined, 'paused', 'paused'].entries()) {
      known.elsewhere = elsewhere;
      // The time limit, and the sleep before the next look.
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(2));
      clock.advance(1_200);
      await vi.waitFor(() => expect(whyAtRest).toHaveBeenCalledTimes(look + 1));
    }
    await refused;
  });
});

describe('waiting', () => {
  it('of two writers for one event ends for both', async () => {
    const { waiter, waiters } = setUp();
    const both = [1, 2].map(() => waiter.waitFor(pathway, ['e-1'], 1_000, undefined));
    waiters.settle('e-1', { status: 'processed' });
    await Promise.all(both);
  });

  it('that one of them gives up goes on for the other', async () => {
    const { waiter, waiters, clock } = setUp();
    const hasty = waiter.waitFor(pathway, ['e-1'], 10, undefined);
    const patient = waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    clock.advance(10);
    await expect(hasty).rejects.toThrow(PathwayWriteTimeoutError);
    waiters.settle('e-1', { status: 'processed' });
    await patient;
  });

  it('a store that does not answer neither ends the wait nor makes a stored event look unstored', async () => {
    const { waiters, clock, store } = setUp();
    const broken = {
      ...store,
      state: Object.assign(Object.create(store.state) as typeof store.state, {
        statusOf: () => Promise.reject(new Error('store down')),
      }),
    };
    const waiter = new ProcessingWaiter({ ...HOPEFUL, store: broken, waiters, clock });
    const processed = waiter.waitFor(pathway, ['e-1'], 1_000, undefined);
    waiters.settle('e-1', { status: 'processed' });
    await processed;
    const late = waiter.waitFor(pathway, ['e-2'], 1_000, undefined);
    const refused = expect(late).rejects.toMatchObject({ stored: true });
    clock.advance(1_000);
    await refused;
    expect([clock.pendingTimers, waiters.size]).toEqual([0, 0]);
  });

  it('with a signal that aborted already rejects with its reason', async () => {
    const { waiter } = setUp();
    const reason = new Error('the caller left');
    await expect(waiter.waitFor(pathway, ['e-1'], 1_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it.each(['processed', 'dead-lettered', 'timeout', 'abort'] as const)(
    'that ends by %s leaves no timer, no waiter and no listener behind, and what comes later harms nothing',
    async (end) => {
      const { waiter, waiters, clock } = setUp();
      const caller = new AbortController();
      const added = vi.spyOn(caller.signal, 'addEventListener');
      const removed = vi.spyOn(caller.signal, 'removeEventListener');
      const outcome = waiter.waitFor(pathway, ['e-1', 'e-2'], 1_000, caller.signal).then(
        () => 'resolved',
        (error: Error) => error.message,
      );
      const error = new Error('no stock');
      if (end === 'processed') for (const id of ['e-1', 'e-2']) waiters.settle(id, { status: end });
      else if (end === 'dead-lettered') waiters.settle('e-1', { status: end, error });
      else if (end === 'timeout') clock.advance(1_000);
      else caller.abort(new Error('the caller left'));
      expect(await outcome).toMatch(
        {
          processed: /^resolved$/,
          'dead-lettered': /^no stock$/,
          timeout: /e-1 .*is stored/,
          abort: /^the caller left$/,
        }[end],
      );
      expect([clock.pendingTimers, waiters.size]).toEqual([0, 0]);
      expect(removed.mock.calls.length).toBe(added.mock.calls.length);
      waiters.settle('e-2', { status: 'dead-lettered', error });
      caller.abort();
      clock.advance(10_000);
    },
  );
});
