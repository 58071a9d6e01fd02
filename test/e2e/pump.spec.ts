import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { createPathwayContract, PathwaysEngine, type PathwaysEngineOptions } from 'nestjs-pathways';
import { until } from '../support/until.js';

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

  async function write(engine: PathwaysEngine, from: number, to: number, eventTime: Date): Promise<string[]> {
    const data = Array.from({ length: to - from }, (_, index) => ({ n: from + index }));
    return engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true, eventTime } });
  }

  it('10,000 events over 5 hour-buckets are handled in order, each once, none missing', async () => {
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

  it('a backdated event of another writer reaches a live pump by its notification', async () => {
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

  it('a stored event whose payload is a string is dead-lettered with its reason and the pump goes on', async () => {
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

  it('a platform that answers 500, hangs up and sends half a page loses nothing', async () => {
    const seen: number[] = [];
    const engine = engineWith((n) => void seen.push(n), { requestTimeoutMs: 300 });
    await write(engine, 0, 50, new Date());
    const path = /\/api\/v1\/events/;
    local.faults.add({ kind: 'status', status: 500, match: { path }, times: 2 });
    local.faults.add({ kind: 'truncated-answer', match: { path }, times: 1 });
    local.faults.add({ kind: 'dropped-connection', match: { path }, times: 1 });
    local.faults.add({ kind: 'hang', match: { path }, times: 1 });
    await engine.start();
    await engine.pumps.drain();
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

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
