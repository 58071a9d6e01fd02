import { setTimeout as pace } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { until } from '../support/until.js';

const HOUR = 3_600_000;

describe('a writer that never rests, on a platform that takes its time', () => {
  let local: LocalFlowcore;
  let engine: PathwaysEngine;
  let seen: number[];
  let over: AbortController;
  let stream: Promise<void>;
  let stored: number;

  const store = (n: number, more: { eventType?: string; eventTime?: Date; notify?: boolean } = {}) =>
    local.appendRaw({
      tenant: 'acme',
      dataCore: 'shop',
      flowType: 'a.0',
      eventType: 'b.0',
      payload: { n },
      ...more,
    });

  beforeEach(async () => {
    local = await startLocalFlowcore({ logger: silentLogger });
    seen = [];
    engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
      pump: { startFrom: 'beginning', pollIntervalMs: 300 },
    });
    for (const eventType of ['b.0', 'c.0']) {
      engine.addContract(
        createPathwayContract({ flowType: 'a.0', eventType, maxRetries: 0 }, { declaredBy: 'test' }),
      );
      engine.handlers.addHandler({
        pathway: `a.0/${eventType}`,
        where: 'test',
        invoke: ({ payload }) => void seen.push((payload as { n: number }).n),
      });
    }
    await store(0);
    await engine.start();
    await engine.pumps.drain();
    await until(() => local.stats.openSockets.notifications > 0);
    local.faults.add({ kind: 'latency', delayMs: 30, match: { path: '/api/v1/' } });
    over = new AbortController();
    stored = 0;
    stream = (async () => {
      // Several within every request of the pump, so that no look of it is the last one.
      for (let n = 1; !over.signal.aborted; n++) {
        await store(n);
        stored = n;
        await pace(10);
      }
    })();
    await until(() => seen.length > 50);
  });
  afterEach(async () => {
    over.abort();
    await stream;
    await engine.stop();
    await local.stop();
  });

  /** The stream has a thousand events to go: what waits for its end comes too late. */
  async function whileItRuns(condition: () => boolean): Promise<void> {
    const last = stored + 1_000;
    await until(() => condition() || stored > last);
    expect(condition()).toBe(true);
  }

  it('a backdated event that is announced is handled meanwhile', async () => {
    await store(-1, { eventTime: new Date(Date.now() - 3 * HOUR) });
    await whileItRuns(() => seen.includes(-1));
  }, 60_000);

  it('what was stored late while the connection was gone, and a new event type, are handled meanwhile', async () => {
    const cut = local.faults.add({ kind: 'socket-closed' });
    await until(() => local.stats.openSockets.notifications === 0);
    await store(-1, { eventTime: new Date(Date.now() - 60_000), notify: false });
    cut.remove();
    await whileItRuns(() => seen.includes(-1));
    await store(-2, { eventType: 'c.0' });
    await whileItRuns(() => seen.includes(-2));
  }, 60_000);

  it('drain resolves meanwhile, when everything that was there is handled', async () => {
    const there = stored;
    let isOver = false;
    const drained = engine.pumps.drain().then(() => (isOver = true));
    await whileItRuns(() => isOver);
    await drained;
    expect(Array.from({ length: there + 1 }, (_, n) => n).filter((n) => !seen.includes(n))).toEqual([]);
  }, 60_000);
});
