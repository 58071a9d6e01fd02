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

const EVENTS = 2_000;
const KILLS = 20;
const app = fileURLToPath(new URL('./crash-app.ts', import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe('a crash of the application', () => {
  let folder: string;
  let local: LocalFlowcore;
  let child: ChildProcess | undefined;

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
    await writer.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
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

  function start(): ChildProcess {
    return spawn(process.execPath, ['--import', 'tsx', app, local.url, folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Waits until the child has handled more; bounded by the test's own time limit. */
  async function progressBeyond(count: number): Promise<void> {
    while (journal().length <= count) await wait(5);
  }

  it('kill -9 at 20 random moments skips nothing and runs again only what was not committed', async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const before = journal().length;
      child = start();
      // Somewhere inside the run, decided by progress and not by the speed of the machine.
      await progressBeyond(Math.min(EVENTS - 1, before + Math.floor(Math.random() * 60)));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    child = start();
    while (new Set(journal()).size < EVENTS) await wait(20);
    child.kill('SIGTERM');
    await once(child, 'exit');

    const seen = journal();
    expect([...new Set(seen)]).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
    // In order, except that each restart may step back to the last saved cursor.
    const stepsBack = seen.filter((n, index) => index > 0 && n <= (seen[index - 1] as number)).length;
    expect(stepsBack).toBeLessThanOrEqual(KILLS);
  }, 300_000);

  it('SIGTERM with work in flight skips nothing and repeats nothing', async () => {
    child = start();
    await progressBeyond(100);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    child = start();
    while (new Set(journal()).size < EVENTS) await wait(20);
    expect(journal()).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  }, 120_000);
});
