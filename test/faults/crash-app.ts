/**
 * A small service for the crash test: handles events one by one, writes each to a journal, and keeps its cursor in a
 * file. Run as a process of its own, so that it can be killed.
 *
 *   node --import tsx crash-app.ts <platform url> <folder>
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPathwayContract, PathwaysEngine, type CursorStore, type PumpCursor } from '../../lib/index.js';

const [, , baseUrl = '', folder = ''] = process.argv;
const cursorFile = join(folder, 'cursor.json');

/** What a user would write to keep cursors elsewhere: three methods. */
class FileCursorStore implements CursorStore {
  load(): PumpCursor | undefined {
    return existsSync(cursorFile) ? (JSON.parse(readFileSync(cursorFile, 'utf8')) as PumpCursor) : undefined;
  }

  save(_pump: unknown, cursor: PumpCursor): void {
    // Written beside and renamed: a crash must never leave half a cursor.
    writeFileSync(`${cursorFile}.new`, JSON.stringify(cursor));
    renameSync(`${cursorFile}.new`, cursorFile);
  }

  clear(): void {
    writeFileSync(cursorFile, '');
  }
}

const engine = new PathwaysEngine({
  baseUrl,
  tenant: 'acme',
  dataCore: 'shop',
  store: { cursors: new FileCursorStore() },
  pump: { startFrom: 'beginning', commitIntervalMs: 5, bufferSize: 100 },
});
engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'crash-app' }));
engine.handlers.addHandler({
  pathway: 'a.0/b.0',
  where: 'crash-app',
  invoke: async (event) => {
    await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(join(folder, 'journal'), `${(event.payload as { n: number }).n}\n`);
  },
});
await engine.start();
process.on('SIGTERM', () => void engine.stop().then(() => process.exit(0)));
// Loops never keep a process alive by themselves; a service has a server that does.
setInterval(() => {}, 60_000);
