import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod4';
import { MemoryPathwayState, PathwayEventDeadLetteredError, type DeadLetterFilter } from 'nestjs-pathways';
import { until } from '../support/until.js';
import {
  beforeRemoval,
  event,
  events,
  idsOf,
  Instance,
  memoryStores,
  SOURCE,
  type Stores,
} from './replay-harness.js';

let stores: Stores;
let seen: [string, number][];
let broken: Set<number>;
let instance: Instance;
const handle = ({ key, n }: { key: string; n: number }) => {
  if (broken.has(n)) throw new Error(`${n} is broken`);
  seen.push([key, n]);
};
beforeEach(() => {
  stores = memoryStores();
  seen = [];
  broken = new Set([0]);
  instance = new Instance(stores, handle);
});

describe('what cannot be replayed', () => {
  it('an invalid payload is validated again, and delivered once its schema allows it', async () => {
    const strict = new Instance(stores, handle, { schema: z.object({ n: z.string() }) as never });
    const odd = event('x', 1);
    await strict.deliver(odd);
    expect((await strict.deadLetters.replay(odd.eventId)).failed).toMatchObject([
      { error: { issues: [{ path: 'n' }] } },
    ]);
    const [letter] = (await strict.deadLetters.list()).letters;
    expect(letter).toMatchObject({ reason: 'invalid', attempts: [{}, {}] });
    await instance.deadLetters.replay({ reason: 'invalid' });
    expect(seen).toEqual([['x', 1]]);
  });

  it('what never was an event stays until it is discarded', async () => {
    const delivery = { source: SOURCE, generation: 0 };
    await instance.engine.processor.deadLetterMalformed('text', ['it is a string'], delivery);
    const { eventId } = (await instance.deadLetters.list()).letters[0]!;
    expect(idsOf(await instance.deadLetters.replay({})).skipped).toEqual([[eventId, 'malformed', undefined]]);
    expect(await instance.deadLetters.count()).toBe(1);
    expect((await instance.deadLetters.discard(eventId, 'a test message')).outcome).toBe('discarded');
    expect(await instance.deadLetters.count()).toBe(0);
  });

  it.each([
    ['unknown here', () => new Instance(stores, undefined)],
    ['known here but handled elsewhere', () => withoutHandler(new Instance(stores, undefined))],
  ])('a letter of a pathway that is %s is neither run nor lost, and holds its key', async (_what, other) => {
    const [poison, parked] = events('x', 0, 1);
    await instance.deliverAll([poison!, parked!]);
    const { skipped, replayed } = await other().deadLetters.replay({ orderKey: 'x' });
    expect(skipped).toMatchObject([{ eventId: poison!.eventId, why: 'not-handled', waiting: 1 }]);
    expect(replayed).toEqual([]);
    broken.clear();
    await instance.deadLetters.replay({ orderKey: 'x' });
    expect(seen.map(([, n]) => n)).toEqual([0, 1]);
  });

  it("a letter of a pathway that says 'halt' fails again as a letter: there is no pump to halt", async () => {
    const bad = event('x', 0);
    await instance.deliver(bad);
    const halting = new Instance(stores, handle, { onExhausted: 'halt' });
    const { failed } = await halting.deadLetters.replay(bad.eventId);
    expect(failed).toMatchObject([{ error: { consequence: 'dead-lettered' } }]);
    expect((await halting.deadLetters.get(bad.eventId))?.attempts).toHaveLength(2);
    expect((await halting.deliver(event('x', 0))).status).toBe('halted');
  });
});

describe('discarding a dead letter', () => {
  it('leaves its reason in the log and what waits behind it parked; a redelivery is not handled', async () => {
    const [poison, ...parked] = events('x', 0, 1, 2);
    await instance.deliverAll([poison!, ...parked]);
    expect(await instance.deadLetters.discard(poison!.eventId, 'cancelled by the customer')).toEqual({
      eventId: poison!.eventId,
      outcome: 'discarded',
      waiting: 2,
    });
    expect(instance.warnings).toMatchObject([
      {
        message: expect.stringContaining('cancelled by the customer'),
        fields: { eventId: poison!.eventId, reason: 'cancelled by the customer', waiting: 2 },
      },
    ]);
    broken.clear();
    expect(await instance.deliverAll([poison!, ...events('x', 3)])).toEqual([
      'dead-lettered',
      'dead-lettered',
    ]);
    expect(seen).toEqual([]);
    await instance.deadLetters.replay({ orderKey: 'x' });
    expect(seen.map(([, n]) => n)).toEqual([1, 2, 3]);
    expect(await instance.deliverAll([poison!])).toEqual(['dead-lettered']);
  });

  it.each(['', '  \n', undefined])('is refused with the reason %j', async (reason) => {
    const bad = event('x', 0);
    await instance.deliver(bad);
    await expect(instance.deadLetters.discard(bad.eventId, reason as string)).rejects.toMatchObject({
      code: 'PATHWAYS_DEAD_LETTER_REQUEST_INVALID',
    });
    expect(await instance.deadLetters.count()).toBe(1);
  });

  it('of an event whose replay is running waits for its end and takes nothing away from it', async () => {
    const bad = event('x', 0);
    await instance.deliver(bad);
    let finish = () => {};
    let isRunning = false;
    const slow = new Instance(stores, async () => {
      isRunning = true;
      await new Promise<void>((resolve) => (finish = resolve));
    });
    const replaying = slow.deadLetters.replay(bad.eventId);
    await until(() => isRunning);
    const discarding = instance.deadLetters.discard(bad.eventId, 'too late').catch((error: unknown) => error);
    finish();
    expect((await replaying).replayed).toHaveLength(1);
    const end = await discarding;
    const saysSo =
      (end as { code?: string }).code === 'PATHWAYS_DEAD_LETTER_UNKNOWN' ||
      (end as { outcome?: string }).outcome === 'already-processed';
    expect(saysSo).toBe(true);
    expect(instance.warnings).toEqual([]);
    expect(await instance.deliver(bad)).toEqual({ status: 'skipped' });
  });

  it('marks its event anew, so that it is not handled after its first mark was forgotten', async () => {
    const bad = event('x', 0);
    await instance.deliver(bad);
    broken.clear();
    const restarted = new Instance({ ...stores, state: new MemoryPathwayState() }, handle);
    await restarted.deadLetters.discard(bad.eventId, 'a test order');
    expect((await restarted.deliver(bad)).status).toBe('dead-lettered');
    expect(seen).toEqual([]);
  });

  it('of an unknown event is refused', async () => {
    await expect(instance.deadLetters.discard('nobody', 'because')).rejects.toMatchObject({
      code: 'PATHWAYS_DEAD_LETTER_UNKNOWN',
      httpStatus: 404,
    });
  });
});

describe('filters and pages', () => {
  it.each([
    [{ orderkey: 'x' }, 'no condition "orderkey"'],
    [{ orderKey: undefined }, 'is missing, not a string'],
    [{ orderKey: 5 }, 'is a number, not a string'],
    [null, 'not by null'],
  ])('the mistyped filter %j does not mean every letter', async (filter, why) => {
    await instance.deliver(event('x', 0));
    const { deadLetters } = instance;
    await expect(deadLetters.replay(filter as DeadLetterFilter)).rejects.toThrow(why);
    await expect(deadLetters.list(filter as DeadLetterFilter)).rejects.toThrow(why);
    await expect(deadLetters.count(filter as DeadLetterFilter)).rejects.toThrow(why);
    await expect(deadLetters.countByFingerprint(filter as DeadLetterFilter)).rejects.toThrow(why);
    expect((await deadLetters.list()).letters[0]?.attempts).toHaveLength(1);
  });

  it('pages show every letter once and say which is the last', async () => {
    const all = ['a', 'b', 'c', 'd'].map((key) => event(key, 0));
    await instance.deliverAll(all);
    const first = await instance.deadLetters.list({}, { limit: 2 });
    const second = await instance.deadLetters.list({}, { limit: 2, after: first.next! });
    expect([...first.letters, ...second.letters].map(({ eventId }) => eventId)).toEqual(
      all.map(({ eventId }) => eventId),
    );
    expect(second.next).toBeUndefined();
    await expect(instance.deadLetters.list({}, { limit: 0 })).rejects.toThrow('limit 0');
  });
});

describe('deliveries that meet dead letters', () => {
  it('an event whose mark was forgotten keeps its letter with all it says, and does not run', async () => {
    const [poison, parked] = events('x', 0, 1);
    await instance.deliverAll([poison!, parked!]);
    const before = (await instance.deadLetters.list()).letters;
    broken.clear();
    const restarted = new Instance({ ...stores, state: new MemoryPathwayState() }, handle);
    for (const same of [poison!, parked!, poison!]) {
      const outcome = await restarted.deliver(same);
      expect(outcome).toMatchObject({ status: 'dead-lettered' });
      expect((outcome as { error: Error }).error).toBeInstanceOf(PathwayEventDeadLetteredError);
    }
    expect((await restarted.deadLetters.list()).letters).toEqual(before);
    expect(seen).toEqual([]);
  });

  it('after a reset everything is delivered in order: what came before the letter, the letter, what was parked', async () => {
    const all = events('x', 5, 0, 1);
    await instance.deliverAll(all);
    expect(await instance.deadLetters.count()).toBe(2);
    seen = [];
    broken.clear();
    expect(await instance.deliverAll(all, 1)).toEqual(['processed', 'processed', 'processed']);
    expect(seen.map(([, n]) => n)).toEqual([5, 0, 1]);
    expect(await instance.deadLetters.count()).toBe(0);
  });

  it('after a reset an event that fails only now holds back the letters that come behind it', async () => {
    const all = events('x', 5, 0, 1);
    await instance.deliverAll(all);
    broken = new Set([5]);
    seen = [];
    await instance.deliverAll(all, 1);
    broken.clear();
    await instance.deadLetters.replay({ orderKey: 'x' });
    expect(seen.map(([, n]) => n)).toEqual([5, 0, 1]);
  });

  it('after a reset to a later place an event still waits behind the letters from before it', async () => {
    await instance.deliverAll(events('x', 0, 1));
    broken.clear();
    expect(await instance.deliverAll(events('x', 2), 1)).toEqual(['dead-lettered']);
    await instance.deadLetters.replay({ orderKey: 'x' });
    expect(seen.map(([, n]) => n)).toEqual([0, 1, 2]);
  });

  it('a replay that ends after a reset has delivered its event again does not remove the newer letter', async () => {
    const bad = event('x', 0);
    await instance.deliver(bad);
    let remove = () => {};
    let isRemoving = false;
    const held = beforeRemoval(stores.deadLetters, async () => {
      isRemoving = true;
      await new Promise<void>((resolve) => (remove = resolve));
    });
    const replaying = new Instance({ ...stores, deadLetters: held }, () => {}).deadLetters.replay(
      bad.eventId,
    );
    await until(() => isRemoving);
    expect((await instance.deliver(bad, 1)).status).toBe('dead-lettered');
    remove();
    expect((await replaying).replayed).toHaveLength(1);
    expect((await instance.deadLetters.get(bad.eventId))?.generation).toBe(1);
  });

  it("a letter of a pathway that says 'continue' does not hold back another pathway with the same key", async () => {
    instance.handle('mail.0', handle, { onExhausted: 'continue' });
    await instance.deliver(event('x', 0, 'mail.0'));
    expect(await instance.deliverAll(events('x', 1))).toEqual(['processed']);
    expect(await instance.deadLetters.count()).toBe(1);
  });
});

function withoutHandler(instance: Instance): Instance {
  const [contract] = new Instance(stores, handle).engine.registry.list();
  instance.engine.addContract(contract!);
  return instance;
}
