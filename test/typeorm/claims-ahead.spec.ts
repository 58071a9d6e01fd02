import { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createPathwayContract,
  MemoryPathwayState,
  PathwayRouter,
  PathwaysEngine,
  silentLogger,
  systemClock,
  type Clock,
  type FlowcoreEvent,
  type PathwayOptions,
  type PumpOptions,
} from '../../lib/index.js';
import { startLocalFlowcore, type LocalFlowcore } from '../../lib/local/index.js';
import { typeOrmStore } from '../../lib/typeorm/index.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const KEY = 'order.0/placed.0';
const EVENTS = 40;
/** The one that runs, and 32 ahead of it. */
const CLAIMED = 33;
let local: LocalFlowcore;
let ids: string[];
const ends: (() => Promise<unknown>)[] = [];

interface Order {
  readonly n: number;
}

/** A handler that stands at the events it is told to stand at. */
class Handler {
  readonly ran: number[] = [];
  private readonly gates = new Map<number, { isReached: boolean; open: () => void; opened: Promise<void> }>();

  standAt(n: number): { reached(): Promise<void>; open(): void } {
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const gate = { isReached: false, open, opened };
    this.gates.set(n, gate);
    return { reached: () => until(() => gate.isReached), open };
  }

  async handle({ n }: Order): Promise<void> {
    this.ran.push(n);
    const gate = this.gates.get(n);
    if (!gate) return;
    gate.isReached = true;
    await gate.opened;
  }
}

/** Time of the machine, and what a process was frozen for. */
let frozenMs = 0;
const clock: Clock = { ...systemClock, now: () => Date.now() + frozenMs };

async function engineOf(
  handler: Handler,
  pump: PumpOptions | false = {},
  pathway: Partial<PathwayOptions<Order>> = {},
): Promise<PathwaysEngine> {
  const dataSource = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 4 }).initialize();
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    store: typeOrmStore({ dataSource, cleanupIntervalMs: 0 }),
    pump: pump && { startFrom: 'beginning', concurrency: 1, ...pump },
    // A stop that waits for what is not its own would never end.
    shutdownTimeoutMs: 3_600_000,
    clock,
    logger: silentLogger,
  });
  const names = { flowType: 'order.0', eventType: 'placed.0' };
  const orderBy = ({ payload }: { payload: Order }) => String(payload.n);
  engine.addContract(
    createPathwayContract<Order>({ ...names, maxRetries: 0, orderBy, ...pathway }, { declaredBy: 'spec' }),
  );
  const invoke = (event: { payload: unknown }) => handler.handle(event.payload as Order);
  engine.handlers.addHandler({ pathway: KEY, where: 'spec', transaction: false, invoke });
  ends.push(async () => {
    await engine.stop();
    await dataSource.destroy();
  });
  await engine.start();
  return engine;
}

/** Numbers of the events that are claimed and not ended. */
async function claimed(): Promise<number[]> {
  const rows = await postgres.query<{ event_id: string }>(
    'SELECT event_id FROM pathway_state WHERE claimed_by IS NOT NULL',
  );
  return rows.map(({ event_id: eventId }) => ids.indexOf(eventId)).sort((a, b) => a - b);
}

/** As a webhook delivers it. */
const eventOf = (n: number): FlowcoreEvent => ({
  eventId: ids[n] as string,
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'd',
  flowType: 'order.0',
  eventType: 'placed.0',
  metadata: {},
  payload: { n },
  validTime: '2026-05-01T10:00:00.000Z',
});

const inOrder = Array.from({ length: EVENTS }, (_, n) => n);

beforeEach(async () => {
  frozenMs = 0;
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  local = await startLocalFlowcore();
  const writer = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    pump: false,
    logger: silentLogger,
  });
  writer.addContract(
    createPathwayContract({ flowType: 'order.0', eventType: 'placed.0' }, { declaredBy: 'spec' }),
  );
  const data = inOrder.map((n) => ({ n }));
  ids = [...(await writer.writer.write(KEY, { batch: true, data, options: { fireAndForget: true } }))];
  await writer.stop();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await local.stop();
});

it('events that wait for a slot are claimed while the one before them runs, and run in their order', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  expect(handler.ran).toEqual([0]);
  first.open();
  await engine.pumps.drain();
  expect(handler.ran).toEqual(inOrder);
});

it('an event that a paused pump has claimed is given back: another delivery of it does not wait, and it runs once', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  await engine.pumps.pause();
  await until(async () => (await claimed()).length === 1);

  const other = new Handler();
  const { processor } = await engineOf(other, false);
  expect(await processor.process(eventOf(5), { source: 'webhook', generation: 0 })).toEqual({
    status: 'processed',
  });
  expect(other.ran).toEqual([5]);

  first.open();
  await engine.pumps.resume();
  await engine.pumps.drain();
  expect(handler.ran).toEqual(inOrder.filter((n) => n !== 5));
});

it('what is claimed when the pump stops is given back', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  const stopped = engine.stop();
  await until(async () => (await claimed()).length === 1);
  first.open();
  await stopped;
  expect(await claimed()).toEqual([]);
  expect(handler.ran).toEqual([0]);
  const next = new Handler();
  await (await engineOf(next)).pumps.drain();
  expect([...handler.ran, ...next.ran]).toEqual(inOrder);
});

it('an event that halts its pump, and those claimed behind it, are tried again in their order', async () => {
  const handler = new Handler();
  let isBroken = true;
  const { handle } = handler;
  handler.handle = async (order) => {
    await handle.call(handler, order);
    if (order.n === 3 && isBroken) throw new RangeError('There is no stock');
  };
  const engine = await engineOf(handler, {}, { onExhausted: 'halt' });
  await until(() => engine.pumps.status()[0]?.state === 'halted');
  await until(async () => (await claimed()).length === 0);
  isBroken = false;
  await engine.pumps.resume();
  await engine.pumps.drain();
  expect(handler.ran).toEqual([0, 1, 2, 3, ...inOrder.slice(3)]);
});

it('a claim that failed with its database is made again, and its event runs once', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  first.open();
  await engine.pumps.drain();
  await postgres.query(`ALTER TABLE pathway_state RENAME TO gone`);
  const writer = engine.writer.write(KEY, {
    batch: true,
    data: [{ n: EVENTS }, { n: EVENTS + 1 }],
    options: { fireAndForget: true },
  });
  await writer;
  await until(() => engine.pumps.status()[0]?.lastError !== undefined);
  await postgres.query('ALTER TABLE gone RENAME TO pathway_state');
  await until(() => handler.ran.length === EVENTS + 2);
  expect(handler.ran).toEqual([...inOrder, EVENTS, EVENTS + 1]);
});

it('a claim that has grown old while its process was frozen is made again: what the successor has handled is not handled', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  // What a successor leaves when the claims have run out.
  await postgres.query(
    `UPDATE pathway_state SET claimed_by = NULL, claimed_until = NULL, processed = true, status = 'processed'
     WHERE event_id = ANY($1)`,
    [ids.slice(1, 4)],
  );
  frozenMs = 61_000;
  first.open();
  await until(() => handler.ran.at(-1) === EVENTS - 1);
  await engine.pumps.drain();
  expect(handler.ran).toEqual([0, ...inOrder.slice(4)]);
});

it('a stop does not wait for a claim that another instance has not ended', async () => {
  const other = new Handler();
  const held = other.standAt(3);
  const { processor } = await engineOf(other, false);
  const elsewhere = processor.process(eventOf(3), { source: 'webhook', generation: 0 });
  await held.reached();
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler);
  await first.reached();
  await until(async () => (await claimed()).length === CLAIMED);
  const stopped = engine.stop();
  await until(async () => (await claimed()).join() === '0,3');
  first.open();
  await stopped;
  held.open();
  expect(await elsewhere).toEqual({ status: 'processed' });
  expect(handler.ran).toEqual([0]);
  await until(async () => (await claimed()).length === 0);
});

it('beside a webhook nothing is claimed ahead: a handler may wait for an event that is delivered there', async () => {
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = await engineOf(handler, { autoStart: false });
  const router = new PathwayRouter(engine.processor, 'secret');
  await engine.pumps.start();
  await first.reached();
  expect(await router.processEvent(eventOf(1), 'secret')).toMatchObject({ success: true });
  expect(handler.ran).toEqual([0, 1]);
  first.open();
  await engine.pumps.drain();
  expect(handler.ran).toEqual(inOrder);
});

it('while handlers are slow, fewer events are claimed ahead', async () => {
  const handler = new Handler();
  const { handle } = handler;
  handler.handle = (order) => {
    frozenMs += 600;
    return handle.call(handler, order);
  };
  const next = handler.standAt(EVENTS);
  const engine = await engineOf(handler);
  await engine.pumps.drain();
  const data = Array.from({ length: 10 }, (_, n) => ({ n: EVENTS + n }));
  ids.push(...(await engine.writer.write(KEY, { batch: true, data, options: { fireAndForget: true } })));
  await next.reached();
  await until(() => engine.pumps.status()[0]?.bufferedEvents === data.length);
  await until(async () => (await claimed()).includes(EVENTS + 1));
  // Claims that are asked for together are granted together.
  expect(await claimed()).toEqual([EVENTS, EVENTS + 1]);
  next.open();
  await engine.pumps.drain();
  expect(handler.ran).toEqual([...inOrder, ...data.map(({ n }) => n)]);
});

it('a state that throws at once when it is asked ahead fails no pump, and its events are handled', async () => {
  const state = new MemoryPathwayState();
  let isBroken = true;
  const claim = state.claim.bind(state);
  const handler = new Handler();
  const first = handler.standAt(0);
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    store: {
      state: Object.assign(state, {
        isRemote: true,
        claim: (...given: Parameters<typeof claim>) => {
          if (isBroken && given[0] === ids[1]) throw new Error('no state');
          return claim(...given);
        },
      }),
    },
    pump: { startFrom: 'beginning', concurrency: 1 },
    logger: silentLogger,
  });
  ends.push(() => engine.stop());
  const names = { flowType: 'order.0', eventType: 'placed.0' };
  const orderBy = ({ payload }: { payload: Order }) => String(payload.n);
  engine.addContract(createPathwayContract<Order>({ ...names, orderBy }, { declaredBy: 'spec' }));
  const invoke = (event: { payload: unknown }) => handler.handle(event.payload as Order);
  engine.handlers.addHandler({ pathway: KEY, where: 'spec', invoke });
  await engine.start();
  await first.reached();
  // Everything is read, although what is asked ahead fails.
  await until(() => engine.pumps.status()[0]?.state === 'live');
  expect(engine.pumps.status()[0]).toMatchObject({ bufferedEvents: EVENTS, lastError: undefined });
  isBroken = false;
  first.open();
  await engine.pumps.drain();
  expect(handler.ran.toSorted((a, b) => a - b)).toEqual(inOrder);
});
