/**
 * A small service for the crash test: handles events one by one, writes each to a journal, and keeps its cursor in a
 * file. Run as a process of its own, so that it can be killed.
 *
 *   node --import tsx crash-app.ts <platform url> <folder> [event whose handler never settles] [where it kills itself]
 *
 * `loading` is before it knows its cursor, `handling` before its first event has an effect.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// Part by part: loading Nest, which is not used here, would take longer than all the rest.
import { PathwaysEngine } from '../../lib/builder/pathways-engine.js';
import { createPathwayContract } from '../../lib/contract/create-pathway-contract.js';
import { COMMIT_EVERY, eventCountingClock } from './support/event-counting.clock.js';
import { FileCursorStore } from './support/file-cursor.store.js';

const [, , baseUrl = '', folder = '', stuckAt, deathAt] = process.argv;
const dieAt = (place: 'loading' | 'handling') => {
  if (deathAt === place) process.kill(process.pid, 'SIGKILL');
};

const { clock, countEvent } = eventCountingClock();
const engine = new PathwaysEngine({
  baseUrl,
  tenant: 'acme',
  dataCore: 'shop',
  clock,
  store: { cursors: new FileCursorStore(folder, () => dieAt('loading')) },
  ...(stuckAt === undefined ? {} : { shutdownTimeoutMs: 200 }),
  pump: { startFrom: 'beginning', commitIntervalMs: COMMIT_EVERY, bufferSize: 100 },
});
engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'crash-app' }));
engine.handlers.addHandler({
  pathway: 'a.0/b.0',
  where: 'crash-app',
  invoke: async (event) => {
    const { n } = event.payload as { n: number };
    dieAt('handling');
    if (String(n) === stuckAt) {
      writeFileSync(join(folder, 'stuck'), '');
      await new Promise(() => {});
    }
    await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(join(folder, 'journal'), `${n}\n`);
    countEvent();
  },
});
await engine.start();
process.on('SIGTERM', () => void engine.stop().then(() => process.exit(0)));
// Loops never keep a process alive by themselves; a service has a server that does.
setInterval(() => {}, 60_000);
