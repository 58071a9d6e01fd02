import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalFlowcore, type FaultHandle, type LocalFlowcore } from 'nestjs-pathways/local';
import { createPathwayContract, PathwaysEngine, type PathwaysEngineOptions } from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { until, untilIn } from '../support/until.js';

const HOUR = 3_600_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe('pump against Local Flowcore', () => {
  let local: LocalFlowcore;
  const engines: PathwaysEngine[] = [];

  beforeEach(async () => {
    local = await startLocalFlowcore({ logger: quiet });
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    await local.stop();
  });

  function engineWith(handle: (n: number) => unknown, options: PathwaysEngineOptions = {}): PathwaysEngine {
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: quiet,
      ...options,
      pump: { startFrom: 'beginning', pollIntervalMs: 200, ...options.pump },
    });
    engine.addContract(
      createPathwayContract({ flowType: 'a.0', eventType: 'b.0', maxRetries: 0 }, { declaredBy: 'test' }),
    );
    engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      invoke: (event) => handle((event.payload as { n: number }).n),
    });
    engines.push(engine);
    return engine;
  }

  async function write(
    engine: PathwaysEngine,
    from: number,
    to: number,
    eventTime?: Date,
  ): Promise<string[]> {
    const data = Array.from({ length: to - from }, (_, index) => ({ n: from + index }));
    const options = { fireAndForget: true, ...(eventTime ? { eventTime } : {}) };
    return engine.writer.write('a.0/b.0', { batch: true, data, options });
  }

  it('drain waits for the first event of a flow type that did not exist when the pump last looked', async () => {
    const seen: number[] = [];
    // Nothing but the write itself wakes the pump.
    const engine = engineWith((n) => void seen.push(n), {
      pump: { notifier: 'poller', pollIntervalMs: HOUR },
    });
    await engine.start();
    await until(() => engine.pumps.status()[0]?.lastError !== undefined);
    await engine.pumps.drain();
    await write(engine, 0, 3);
    await engine.pumps.drain();
    expect(seen).toEqual([0, 1, 2]);
  });

  it('of 10,000 events over 5 hour-buckets none is skipped, repeated or handled out of order', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n), { maxBatchSize: 500 });
    const start = Math.floor(Date.now() / HOUR) * HOUR - 6 * HOUR;
    for (let hour = 0; hour < 5; hour++) {
      await write(engine, hour * 2_000, (hour + 1) * 2_000, new Date(start + hour * HOUR + 1_000));
    }
    await engine.start();
    await engine.pumps.drain();
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  it('D3: of 10,000 events none is skipped, repeated or out of order when the clock passes an hour under a slow handler, again and again', async () => {
    // One clock for platform and pump: live ids fall into the hour it shows, and hours pass when the test says so.
    const clock = new ControllableClock(Date.UTC(2026, 4, 1, 10, 30));
    await local.stop();
    local = await startLocalFlowcore({ logger: quiet, clock });
    const seen: number[] = [];
    let pass = () => {};
    const engine = engineWith(
      async (n) => {
        // Slow in the middle of every hour: the next one has begun before this event is finished.
        if (n % 2_000 === 1_000 && n < 8_000) await new Promise<void>((resolve) => (pass = resolve));
        seen.push(n);
      },
      { clock, handlerTimeoutMs: 0 },
    );
    const other = engineWith(() => {}, { maxBatchSize: 500, pump: false });
    await write(other, 0, 2_000);
    await engine.start();
    for (let hour = 1; hour < 5; hour++) {
      const slow = (hour - 1) * 2_000 + 1_000;
      await untilIn(clock, () => seen.length === slow && engine.pumps.status()[0]?.inFlight === 1);
      clock.advance(HOUR);
      await write(other, hour * 2_000, (hour + 1) * 2_000);
      pass();
    }
    let isDrained = false;
    const drained = engine.pumps.drain().finally(() => (isDrained = true));
    await untilIn(clock, () => isDrained);
    await drained;
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
    expect(engine.pumps.status()[0]?.cursor?.timeBucket).toBe('20260501140000');
  });

  it('events of hours that begin while a slow handler catches up are not skipped', async () => {
    const seen: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const engine = engineWith(async (n) => {
      if (n === 0) await gate;
      seen.push(n);
    });
    const start = Math.floor(Date.now() / HOUR) * HOUR - 6 * HOUR;
    await write(engine, 0, 3, new Date(start + 10));
    await engine.start();
    await until(() => engine.pumps.status()[0]?.inFlight === 1);
    await write(engine, 3, 6, new Date(start + HOUR + 10));
    await write(engine, 6, 9, new Date(start + 3 * HOUR + 10));
    release();
    await engine.pumps.drain();
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('a backdated event reaches a live pump', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n));
    await write(engine, 0, 2, new Date());
    await engine.start();
    await engine.pumps.drain();
    await write(engine, 7, 8, new Date(Date.now() - 3 * HOUR));
    await until(() => seen.includes(7));
    expect(seen).toEqual([0, 1, 7]);
  });

  it('D4: a backdated event of another writer reaches a live pump by its notification', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n));
    const other = engineWith(() => {});
    await write(engine, 0, 2, new Date());
    await engine.start();
    await engine.pumps.drain();
    await until(() => local.stats.openSockets.notifications > 0);
    await write(other, 7, 8, new Date(Date.now() - 3 * HOUR));
    await until(() => seen.includes(7));
    expect(seen).toEqual([0, 1, 7]);
  });

  it('D7: a stored event whose payload is a string neither stops the pump nor disappears: a dead letter says why', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n));
    const [first] = await write(engine, 0, 1, new Date());
    const odd = await local.appendRaw({
      tenant: 'acme',
      dataCore: 'shop',
      flowType: 'a.0',
      eventType: 'b.0',
      payload: 'text',
    });
    expect(odd).not.toBe(first);
    await write(engine, 1, 2, new Date());
    await engine.start();
    await engine.pumps.drain();
    expect(seen).toEqual([0, 1]);
    expect(await engine.store.deadLetters.list()).toMatchObject([
      { reason: 'invalid', error: expect.stringContaining('payload is a string') },
    ]);
  });

  it('a platform that answers 500, hangs, drops connections and sends half an answer loses nothing, at the start and between pages', async () => {
    const events = /\/api\/v1\/events/;
    const kinds = [
      { kind: 'status', status: 500 },
      { kind: 'truncated-answer' },
      { kind: 'dropped-connection' },
      { kind: 'hang' },
    ] as const;
    const struck = new Map<string, FaultHandle>();
    const fault = (name: string, index: number, path: RegExp) => {
      const kind = kinds[index % kinds.length] ?? kinds[0];
      struck.set(name, local.faults.add({ ...kind, match: { path }, times: 1 }));
    };
    const seen: number[] = [];
    const engine = engineWith(
      (n) => {
        seen.push(n);
        // One at a time, so that it meets a request for a page of its own and not the retry of the one before.
        if (n % 20 === 5) fault(`a page after ${n}`, Math.floor(n / 20), events);
      },
      { requestTimeoutMs: 300, pump: { bufferSize: 10 } },
    );
    await write(engine, 0, 100, new Date());
    kinds.forEach(({ kind }, index) => {
      fault(`time buckets: ${kind}`, index, /\/time-buckets/);
      fault(`names: ${kind}`, index, /\/(flow-types|data-cores)/);
    });
    await engine.start();
    await engine.pumps.drain();
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(struck.size).toBe(5 + 2 * kinds.length);
    expect([...struck].filter(([, { hits }]) => hits !== 1).map(([name]) => name)).toEqual([]);
  });

  it.each(['socket-closed', 'socket-half-open'] as const)(
    'an event stored while the notification socket is dropped (%s) is not lost',
    async (kind) => {
      const seen: number[] = [];
      const clock = new ControllableClock(Date.now());
      // No poll comes to the rescue: only the reconnect can tell.
      const pump = { pollIntervalMs: 100 * HOUR };
      const engine = engineWith((n) => void seen.push(n), { clock, pump });
      const other = engineWith(() => {}, { pump: false });
      await write(other, 0, 2);
      await engine.start();
      await engine.pumps.drain();
      await until(() => local.stats.openSockets.notifications === 1);
      const fault = local.faults.add({ kind });
      await until(() => fault.hits > 0);
      await write(other, 2, 3);
      await write(other, 3, 4, new Date(Date.now() - 60_000));
      fault.remove();
      await untilIn(clock, () => seen.length === 4);
      expect(seen.toSorted()).toEqual([0, 1, 2, 3]);
    },
  );

  it('reset runs every handler again from the position', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n));
    await write(engine, 0, 3, new Date());
    await engine.start();
    await engine.pumps.drain();
    await engine.pumps.reset('beginning');
    await engine.pumps.drain();
    expect(seen).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('stop lets the handler in flight finish and a second engine goes on after it', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n));
    await write(engine, 0, 20, new Date());
    await engine.start();
    await until(() => seen.length > 0);
    await engine.stop();
    const rest = engineWith((n) => void seen.push(n), { store: { cursors: engine.store.cursors } });
    await rest.start();
    await rest.pumps.drain();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});
