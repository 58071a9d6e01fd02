import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { PathwaysEngine, createPathwayContract } from 'nestjs-pathways';
import { COMMIT_EVERY } from './support/event-counting.clock.js';
import { cursorFileIn } from './support/file-cursor.store.js';

const EVENTS = 2_000;
/** At these places of the run the process is killed while it starts, too: before it has done anything, and on its way. */
const KILLS_AT_START = [0, 1_000] as const;
const KILLS_ON_THE_WAY = 16;
/** Each of them falls into a stretch of its own, so that together they cover the run. */
const STRETCH = EVENTS / KILLS_ON_THE_WAY;
/** What a crash may repeat: the events of one commit interval, the one that began it, and the one that ends it. */
const REPEATED_AT_MOST = COMMIT_EVERY + 2;
const app = fileURLToPath(new URL('./crash-app.ts', import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe('a crash of the application', () => {
  let folder: string;
  let local: LocalFlowcore;
  let child: ChildProcess | undefined;
  let eventIds: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pathways-crash-'));
    local = await startLocalFlowcore({ data: join(folder, 'log'), logger: quiet });
    const writer = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      maxBatchSize: 500,
      logger: quiet,
    });
    writer.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
    const data = Array.from({ length: EVENTS }, (_, n) => ({ n }));
    eventIds = await writer.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
    await writer.stop();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await local.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const journal = (): number[] => {
    const file = join(folder, 'journal');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  };

  /** The event a restart has to begin with: the one behind the saved cursor. */
  function nextByCursor(): number {
    const file = cursorFileIn(folder);
    if (!existsSync(file)) return 0;
    const { eventId = '' } = JSON.parse(readFileSync(file, 'utf8')) as { eventId?: string };
    return eventIds.indexOf(eventId) + 1;
  }

  function start(...more: string[]): ChildProcess {
    return spawn(process.execPath, ['--import', 'tsx', app, local.url, folder, ...more], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Waits until more events have been handled; bounded by the test's own time limit. */
  async function progressBeyond(count: number): Promise<void> {
    while (new Set(journal()).size <= count) await wait(5);
  }

  it('kill -9 at 20 moments, from the start-up to the last event, skips none and repeats no more than a commit interval', async () => {
    const restarts: { at: number; next: number }[] = [];
    const dead = async (killed: ChildProcess) => {
      expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);
      restarts.push({ at: journal().length, next: nextByCursor() });
    };
    for (let from = 0; from < EVENTS; from += STRETCH) {
      if (KILLS_AT_START.some((place) => place === from)) {
        const before = journal();
        for (const place of ['loading', 'handling']) await dead((child = start('none', place)));
        expect(journal()).toEqual(before);
      }
      // It goes no further than its stretch, however late the kill comes.
      child = start(String(from + STRETCH));
      // Somewhere inside, decided by progress and not by the speed of the machine.
      await progressBeyond(from + Math.floor(Math.random() * STRETCH));
      child.kill('SIGKILL');
      await dead(child);
      expect(Math.max(...journal())).toBeLessThan(from + STRETCH);
    }
    expect(restarts).toHaveLength(20);
    child = start();
    await progressBeyond(EVENTS - 1);
    child.kill('SIGTERM');
    await once(child, 'exit');

    const seen = journal();
    expect([...new Set(seen)]).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
    // In order, except that a restart steps back to the saved cursor, and never behind it.
    const expected = seen.slice(0, restarts[0]?.at);
    restarts.forEach(({ at, next }, index) => {
      const count = (restarts[index + 1]?.at ?? seen.length) - at;
      expected.push(...Array.from({ length: count }, (_, offset) => next + offset));
    });
    expect(seen).toEqual(expected);
    // Nor does the cursor lag: what a kill makes run again is what the last interval has not saved.
    const repeated = restarts.map(({ at, next }) => (seen[at - 1] ?? -1) + 1 - next);
    expect(Math.min(...repeated)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...repeated)).toBeLessThanOrEqual(REPEATED_AT_MOST);
  }, 300_000);

  it('SIGTERM with work in flight loses nothing and repeats nothing', async () => {
    child = start();
    await progressBeyond(100);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    child = start();
    await progressBeyond(EVENTS - 1);
    expect(journal()).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  }, 120_000);

  it('SIGTERM with a handler that never finishes still ends the process, and its event is delivered again', async () => {
    child = start('100');
    while (!existsSync(join(folder, 'stuck'))) await wait(5);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(journal()).toEqual(Array.from({ length: 100 }, (_, n) => n));
    child = start();
    await progressBeyond(EVENTS - 1);
    expect(journal()).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  }, 120_000);
});
