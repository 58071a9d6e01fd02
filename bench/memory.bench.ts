/**
 * Resident memory while 1,000,000 distinct events go through the processor with the memory store.
 *
 *   node --expose-gc --import tsx bench/memory.bench.ts
 */
import { createPathwayContract, PathwaysEngine } from '../lib/index.js';
import { makeEvents } from './support/events.js';

const TENTHS = 10;
const PER_TENTH = 100_000;
const names = { flowType: 'bench.0', eventType: 'done.0' };

const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9' });
const contract = createPathwayContract(names, { declaredBy: 'bench' });
engine.addContract(contract);
engine.handlers.addHandler({ pathway: contract.key, where: 'bench', invoke: async () => {} });

for (let tenth = 1; tenth <= TENTHS; tenth++) {
  for (let part = 0; part < 10; part++) {
    const events = makeEvents(PER_TENTH / 10, [names], tenth * 10 + part);
    for (const event of events) await engine.processor.process(event, { source: 'bench', generation: 0 });
  }
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  console.log(
    `${(tenth * PER_TENTH).toLocaleString('en')} events: rss ${mb(rss)} MB, heap ${mb(heapUsed)} MB`,
  );
}
process.exit(0);

function mb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
