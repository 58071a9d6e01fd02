import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startLocalFlowcore } from './local-flowcore.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

// Every run is a process that compiles TypeScript at its start: on a busy machine several take longer than the default.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SCRIPT = `
  import { startLocalFlowcore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
  const local = await startLocalFlowcore({ data: process.env.DATA_FOLDER });
  console.log(local.url);
`;

let folder: string;
let child: ChildProcess;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-flowcore-'));
  child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', SCRIPT], {
    env: { ...process.env, DATA_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text: Buffer) => resolve(text.toString().trim()));
    child.once('exit', (code) => reject(new Error(`The child ended with ${code}.`)));
  });
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function killed(): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

it('kill -9 loses no answered event', async () => {
  const client = new LocalTestClient(url);
  const answered: string[] = [];
  // Several writers, so that the kill meets transactions shared by requests of which some are not answered yet.
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; ; n++) {
      const [id] = await client.write(`type.${writer % 3}`, { writer, n });
      answered.push(id as string);
      if (answered.length === 300) await killed();
    }
  });
  await Promise.allSettled(writers);

  const local = await startLocalFlowcore({ data: folder });
  const after = LocalTestClient.of(local);
  const stored = await Promise.all([0, 1, 2].map((type) => after.all(`type.${type}`)));
  await local.stop();
  const ids = new Set(stored.flat().map(({ eventId }) => eventId));
  expect(answered.length).toBeGreaterThanOrEqual(300);
  expect(answered.filter((id) => !ids.has(id))).toEqual([]);
});

it('refuses a folder that another process uses, and leaves that one working', async () => {
  await expect(startLocalFlowcore({ data: folder })).rejects.toThrow(/another running process uses it/);
  await expect(new LocalTestClient(url).write('placed.0', {})).resolves.toHaveLength(1);
});
