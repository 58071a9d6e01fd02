import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from '../local/index.js';

// Every run is a process that compiles TypeScript at its start: on a busy machine several take longer than the default.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
// Inside of the project, because the files' own imports are looked up from where they lie.
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
const library = fileURLToPath(new URL('../index.ts', import.meta.url));

let local: LocalFlowcore;
let folder: string;

beforeEach(async () => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'] });
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'provision-'));
});
afterEach(async () => {
  await local.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'provision', ...args], {
    env: { ...process.env, FLOWCORE_API_KEY: 'fc_id_secret', FLOWCORE_TENANT: 'acme' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `import { createPathwayContract, Pathway } from ${JSON.stringify(library)};\n${text}`);
  return path;
}

const events = () =>
  file(
    'events.ts',
    `@Pathway({ flowType: 'order.0', eventType: 'placed.0', description: 'Placed', flowTypeDescription: 'Orders' })
     export class OrderPlaced {}
     export const more = [createPathwayContract({ flowType: 'order.0', eventType: 'paid.0' }, { declaredBy: 'paid' })];
     export const OTHER = 42;`,
  );
const target = () => ['--data-core', 'shop', '--base-url', local.url];

it('a dry run prints the plan as a table and changes nothing; without it, it is done', async () => {
  const dry = await run([events(), ...target(), '--dry-run']);
  expect(dry).toEqual({
    code: 0,
    stderr: '',
    stdout: `            name              would be done
data core   shop              create
flow type   order.0           create
event type  order.0/placed.0  create
event type  order.0/paid.0    create

Dry run: nothing was changed. 4 to change, 0 missing.
`,
  });
  expect(local.stats.totals.dataCores).toBe(0);
  expect((await run([events(), ...target()])).stdout).toContain('4 of 4 changed.');
  expect(local.stats.totals.dataCores).toBe(1);
  expect((await run([events(), ...target(), '--dry-run'])).stdout).toContain('0 to change, 0 missing.');
});

it('what cannot be loaded, or declares nothing, is named with what to do', async () => {
  const nothing = await run([file('nothing.ts', 'export const x = 1;'), ...target()]);
  expect([nothing.code, nothing.stdout]).toEqual([1, '']);
  expect(nothing.stderr).toMatch(/nothing\.ts gives no contracts\. It exports no class with @Pathway/);
  const missing = await run([join(folder, 'gone.js'), ...target()]);
  expect(missing.stderr).toMatch(/gone\.js gives no contracts\. Loading it failed/);
  expect(missing.stderr).not.toContain('    at ');
});

it('registers the pathway last, and shows it in the plan', async () => {
  const pathway = [
    ...['--pathway-name', 'orders', '--endpoint-url', 'https://orders.example/events'],
    ...['--auth-header', 'x-webhook-secret: s3cr3t', '--size-class', 'medium', '--label', 'team=blue'],
  ];
  const dry = await run([events(), ...target(), ...pathway, '--dry-run']);
  expect(dry.stdout).toMatch(/event type .*\npathway +orders +create\n\n/);
  expect(local.controlPlane.pathways()).toEqual([]);
  expect((await run([events(), ...target(), ...pathway])).stdout).toMatch(/pathway +orders +created/);
  expect(local.controlPlane.pathways()).toMatchObject([
    {
      name: 'orders',
      type: 'managed',
      sizeClass: 'medium',
      labels: { team: 'blue' },
      config: {
        sources: [
          {
            eventTypes: ['placed.0', 'paid.0'],
            endpoints: [
              { url: 'https://orders.example/events', authHeaders: { 'x-webhook-secret': 's3cr3t' } },
            ],
          },
        ],
      },
    },
  ]);
  const virtual = ['--pathway-name', 'orders', '--pathway-mode', 'virtual'];
  expect((await run([events(), ...target(), ...virtual])).stdout).toContain('registered again');
});

it.each([
  [['--endpoint-url', 'https://x.example'], /--pathway-name: is required/],
  [['--pathway-name', 'orders'], /--endpoint-url: is required by a managed pathway/],
  [['--pathway-name', 'a', '--pathway-mode', 'virtual', '--endpoint-url', 'http://x'], /means nothing with/],
  [
    ['--pathway-name', 'a', '--pathway-mode', 'virtual', '--auth-header', 's3cr3t'],
    /must look like name:value/,
  ],
])('%j is refused before anything is made', async (args, message) => {
  const { code, stderr } = await run([events(), ...target(), ...args]);
  expect([code, local.stats.totals.dataCores]).toEqual([1, 0]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain('s3cr3t');
});
