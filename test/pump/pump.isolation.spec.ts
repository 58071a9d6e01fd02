import { expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger, type PathwayEvent } from '../../lib/index.js';
import { HOUR, PumpHarness, START } from '../support/pump-harness.js';

const EVENTS = 300;
/** Flow type and group of every pump; the event type has the group's name. */
const GROUPS = [
  ['order.0', 'fast'],
  ['order.0', 'hanging'],
  ['order.0', 'poison'],
  ['user.0', 'steady'],
  ['user.0', 'unreadable'],
] as const;

it('five groups of two flow types: one that hangs, one that is poisoned and one that cannot be read hold up none of the others', async () => {
  const harness = new PumpHarness();
  const { clock, platform } = harness;
  const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silentLogger, clock });
  const handled = new Map<string, number[]>(GROUPS.map(([, group]) => [group, []]));
  const of = (group: string) => handled.get(group) as number[];
  const ids = new Map<string, string[]>();
  let heal = (): void => {};
  let isPoisoned = true;
  const healed = new Promise<void>((resolve) => (heal = resolve));

  for (const [flowType, group] of GROUPS) {
    const names = { flowType, eventType: group, pumpGroup: group, handlerTimeoutMs: 0 };
    const contract = createPathwayContract(
      { ...names, maxRetries: 1_000_000, retryDelayMs: 500 },
      { declaredBy: group },
    );
    engine.addContract(contract);
    const invoke = async ({ payload }: PathwayEvent) => {
      const { n } = payload as { n: number };
      if (group === 'hanging' && n === 5) await healed;
      if (group === 'poison' && n === 7 && isPoisoned) throw new Error('poison');
      of(group).push(n);
    };
    engine.handlers.addHandler({ pathway: contract.key, where: group, invoke });
    const stored = Array.from({ length: EVENTS }, (_, n) =>
      platform.store(
        { flowType, eventType: group, at: START - HOUR + n * 10_000, payload: { n } },
        { silent: true },
      ),
    );
    ids.set(group, stored);
  }
  let refused = 0;
  let isUnreadable = true;
  platform.beforeAnswer = (request) => {
    if (!isUnreadable || request.operation !== 'events') return;
    if (!request.query.eventTypeIds.includes('user.0/unreadable')) return;
    refused++;
    throw new Error('the platform is down for this one');
  };

  const manager = await harness.started({
    processor: engine.processor,
    definitions: GROUPS.map(([flowType, pumpGroup]) => ({ flowType, pumpGroup, eventTypes: [pumpGroup] })),
  });
  const statusOf = (group: string) => {
    const found = manager.status().find(({ pumpGroup }) => pumpGroup === group);
    if (!found) throw new Error(`no pump of ${group}`);
    return found;
  };
  const isDone = (group: string) => of(group).length === EVENTS;
  const inOrder = Array.from({ length: EVENTS }, (_, n) => n);

  // Throughput: the healthy ones are through with everything while the others stand.
  await harness.until(() => isDone('fast') && isDone('steady'), 'the healthy ones are done', 50);
  await harness.pass(20_000, 500);
  expect([of('hanging').length, of('poison').length, of('unreadable').length]).toEqual([5, 7, 0]);
  // Order and cursors: each its own.
  expect([of('fast'), of('steady')]).toEqual([inOrder, inOrder]);
  const cursors = GROUPS.map(([, group]) => statusOf(group).cursor?.eventId);
  const last = (group: string, place: number) => ids.get(group)?.at(place);
  expect(cursors).toEqual([
    last('fast', -1),
    last('hanging', 4),
    last('poison', 6),
    last('steady', -1),
    undefined,
  ]);
  // Backoff: only the one whose source fails backs off, and it asks less and less often.
  expect(GROUPS.map(([, group]) => statusOf(group).state === 'backing-off')).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  expect(refused).toBeLessThan(20);
  expect(refused).toBeGreaterThan(1);

  // New events of the healthy ones are not held up either, also by neighbours of their flow type.
  for (const [flowType, group] of GROUPS)
    platform.store({ flowType, eventType: group, payload: { n: EVENTS } });
  await harness.until(
    () => of('fast').length === EVENTS + 1 && of('steady').length === EVENTS + 1,
    'new ones',
    50,
  );
  expect([of('hanging').length, of('poison').length, of('unreadable').length]).toEqual([5, 7, 0]);

  // And each goes on by itself when its own trouble is over.
  heal();
  await harness.until(() => of('hanging').length === EVENTS + 1, 'the one that hung', 50);
  expect([of('poison').length, of('unreadable').length]).toEqual([7, 0]);
  isPoisoned = false;
  // Its next try lies far ahead by now.
  await harness.until(() => of('poison').length === EVENTS + 1, 'the poisoned one', 1_000);
  expect(of('unreadable').length).toBe(0);
  isUnreadable = false;
  await harness.until(() => of('unreadable').length === EVENTS + 1, 'the unreadable one', 1_000);
  for (const [, group] of GROUPS) expect(of(group)).toEqual([...inOrder, EVENTS]);
  await harness.close();
});
