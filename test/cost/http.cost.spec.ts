/** Requests to the platform, counted by it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PathwaysEngine, PathwaysEngineOptions } from '../../lib/index.js';
import { startLocalFlowcore, type LocalFlowcore } from '../../lib/local/index.js';
import { ControllableClock } from '../../lib/testing/controllable-clock.js';
import { until, untilIn } from '../support/until.js';
import { engineWith, KEY, payload, payloads } from './cost.support.js';

const MINUTE = 60_000;
const fireAndForget = { fireAndForget: true };

let local: LocalFlowcore;
const engines: PathwaysEngine[] = [];
beforeEach(async () => {
  local = await startLocalFlowcore();
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  await local.stop();
});

function started(options: PathwaysEngineOptions, handle = () => {}): PathwaysEngine {
  const engine = engineWith({ baseUrl: local.url, ...options }, { handle });
  engines.push(engine);
  return engine;
}

/** Requests by route since the last look. */
function requestsSince(before: Readonly<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(
    Object.entries(local.stats.requests)
      .map(([route, count]) => [route, count - (before[route] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

it('a write is one request', async () => {
  const { writer } = started({ pump: false });
  for (let n = 0; n < 50; n++) await writer.write(KEY, { data: payload(n), options: fireAndForget });
  expect(requestsSince()).toEqual({ 'POST /event': 50 });
});

it('a batch is one request per 25 events', async () => {
  const { writer } = started({ pump: false });
  await writer.write(KEY, { batch: true, data: payloads(1_000), options: fireAndForget });
  expect(requestsSince()).toEqual({ 'POST /events': 40 });
});

it('catching up takes one look-up of each name, and pages instead of single events', async () => {
  const pages: number[] = [];
  for (const events of [500, 5_000]) {
    const { writer } = started({ pump: false, maxBatchSize: 1_000 });
    await writer.write(KEY, { batch: true, data: payloads(events), options: fireAndForget });
    let handled = 0;
    const before = local.stats.requests;
    const engine = started(
      { pump: { startFrom: 'beginning', notifier: 'poller', pollIntervalMs: MINUTE * 60 } },
      () => void handled++,
    );
    const stored = local.eventCount();
    await engine.start();
    await until(() => handled === stored);
    const { 'GET /api/v1/events': read = 0, ...lookUps } = requestsSince(before);
    expect(lookUps).toEqual({
      'GET /api/v1/data-cores': 1,
      'GET /api/v1/flow-types': 1,
      'GET /api/v1/event-types': 1,
      'GET /api/v1/time-buckets': 1,
    });
    pages.push(read);
    await engine.stop();
  }
  // Eleven times the events: what a page holds grows with what the first pages showed.
  expect(pages[0]).toBeLessThanOrEqual(5);
  expect(pages[1]).toBeLessThanOrEqual(16);
});

it('an idle pump asks for nothing but what is new', async () => {
  const clock = new ControllableClock(Date.now());
  const polls = 10;
  let handled = 0;
  const engine = started(
    { clock, pump: { startFrom: 'beginning', notifier: 'poller', pollIntervalMs: 1_000 } },
    () => void handled++,
  );
  await engine.writer.write(KEY, { data: payload(1), options: fireAndForget });
  await engine.start();
  await untilIn(clock, () => handled === 1 && engine.pumps.status()[0]?.state === 'live');
  const before = local.stats.requests;
  const end = clock.now() + polls * 1_000;
  await untilIn(clock, () => clock.now() >= end);
  const {
    'GET /api/v1/events': reads = 0,
    'GET /api/v1/time-buckets': lists = 0,
    ...others
  } = requestsSince(before);
  expect(others).toEqual({});
  expect(reads + lists).toBeGreaterThan(0);
  expect(reads + lists).toBeLessThanOrEqual(polls * 2 + 2);
});
