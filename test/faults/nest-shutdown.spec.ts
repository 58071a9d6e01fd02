import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

const EVENTS = 24;
/** It and those before it are in flight when the signal comes. */
const SIGNAL_AT = 9;
const STUCK_AT = SIGNAL_AT - 2;
/**
 * The promise itself is what is limited here: an end within `shutdownTimeoutMs`, 2 s. Ten times that is for a busy
 * machine; without the promise, the process would never end.
 */
const EXIT_WITHIN_MS = 20_000;
const app = fileURLToPath(new URL('./support/nest-app.ts', import.meta.url));

describe('SIGTERM to a Nest application with enableShutdownHooks', { timeout: 240_000 }, () => {
  let folder: string;
  let local: LocalFlowcore;
  let child: ChildProcess | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pathways-shutdown-'));
    local = await startLocalFlowcore({ logger: silentLogger });
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
    });
    engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
    const data = Array.from({ length: EVENTS }, (_, n) => ({ n }));
    await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
    await engine.stop();
  });
  afterEach(async () => {
    child?.kill('SIGKILL');
    await local.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Gives the way the process ends. */
  function start(...more: number[]): Promise<unknown[]> {
    const args = ['--import', 'tsx', app, local.url, folder, ...more.map(String)];
    child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return once(child, 'exit');
  }

  function noted(what: 'begun' | 'ended'): number[] {
    const file = join(folder, what);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  }

  /** The signal is sent. Nest raises it again when everything is closed: so the process ends by it. */
  async function endOf(exit: Promise<unknown[]>): Promise<void> {
    const limit = new AbortController();
    const late = wait(EXIT_WITHIN_MS, 'still running', { signal: limit.signal });
    expect(await Promise.race([exit, late])).toEqual([null, 'SIGTERM']);
    limit.abort();
    await late.catch(() => {});
  }

  /** Bounded by the test's own time limit. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await wait(5);
  }

  /** Starts it once more and lets it handle everything that is left. */
  async function finish(): Promise<void> {
    const exit = start();
    await until(() => new Set(noted('ended')).size === EVENTS);
    child?.kill('SIGTERM');
    await endOf(exit);
  }

  it('what runs is finished, nothing new begins, and the next start goes on behind it: nothing lost, nothing twice', async () => {
    const exit = start(SIGNAL_AT);
    await until(() => noted('begun').includes(SIGNAL_AT));
    await endOf(exit);
    expect(noted('begun').length).toBeLessThan(EVENTS);
    expect(sorted(noted('ended'))).toEqual(sorted(noted('begun')));
    await finish();
    expect(sorted(noted('ended'))).toEqual(all);
    expect(sorted(noted('begun'))).toEqual(all);
  });

  it('a handler that never settles keeps it no longer than shutdownTimeoutMs, and its event is delivered again', async () => {
    const exit = start(SIGNAL_AT, STUCK_AT);
    await until(() => noted('begun').includes(SIGNAL_AT));
    await endOf(exit);
    const given = noted('begun');
    expect(sorted(noted('ended'))).toEqual(sorted(given.filter((n) => n !== STUCK_AT)));
    await finish();
    expect([...new Set(sorted(noted('ended')))]).toEqual(all);
    // What stands before it in the log was saved; what had finished behind it runs again where marks are forgotten.
    const again = noted('begun').slice(given.length);
    expect(Math.min(...again)).toBe(STUCK_AT);
  });
});

const all = Array.from({ length: EVENTS }, (_, n) => n);
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
