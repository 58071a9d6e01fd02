/**
 * Catch-up of one pump from Local Flowcore in a process of its own: memory log, no-op handler, concurrency 1.
 *
 *   node --expose-gc --import tsx bench/pump.bench.ts
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createPathwayContract, PathwaysEngine } from '../lib/index.js';
import { startLocalFlowcore } from '../lib/local/index.js';
import { median, short } from './support/side-by-side.js';

const EVENTS = 100_000;
const ROUNDS = 5;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

if (process.send) {
  const local = await startLocalFlowcore({ logger: quiet });
  process.send(local.url);
  process.on('disconnect', () => process.exit(0));
} else {
  const server = fork(fileURLToPath(import.meta.url), { execArgv: ['--import', 'tsx'] });
  const [baseUrl] = (await once(server, 'message')) as [string];
  await fill(baseUrl);
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    globalThis.gc?.();
    const rate = await catchUp(baseUrl);
    if (round > 0) rates.push(rate);
  }
  console.log(
    `catch-up of ${EVENTS} events: median ${short(median(rates))} events/s, ${short(Math.min(...rates))} – ${short(Math.max(...rates))}`,
  );
  console.log(`peak resident memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
  server.disconnect();
  process.exit(0);
}

function engineFor(baseUrl: string, handle: () => void): PathwaysEngine {
  const engine = new PathwaysEngine({
    baseUrl,
    logger: quiet,
    maxBatchSize: 1_000,
    pump: { startFrom: 'beginning' },
  });
  const contract = createPathwayContract(
    { flowType: 'bench.0', eventType: 'done.0' },
    { declaredBy: 'bench' },
  );
  engine.addContract(contract);
  engine.handlers.addHandler({ pathway: contract.key, where: 'bench', invoke: async () => handle() });
  return engine;
}

async function fill(baseUrl: string): Promise<void> {
  const engine = engineFor(baseUrl, () => {});
  const data = Array.from({ length: EVENTS }, (_, n) => ({
    id: `o-${n}`,
    name: 'Ada',
    email: 'ada@example.com',
    total: n,
    paid: true,
  }));
  await engine.writer.write('bench.0/done.0', { batch: true, data, options: { fireAndForget: true } });
  await engine.stop();
}

async function catchUp(baseUrl: string): Promise<number> {
  let handled = 0;
  let finish = () => {};
  const done = new Promise<void>((resolve) => (finish = resolve));
  const engine = engineFor(baseUrl, () => {
    if (++handled === EVENTS) finish();
  });
  const startedAt = performance.now();
  await engine.start();
  await done;
  const rate = EVENTS / ((performance.now() - startedAt) / 1000);
  await engine.stop();
  return rate;
}
