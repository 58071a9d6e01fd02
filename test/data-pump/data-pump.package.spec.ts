import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rawWrite } from '../interop/raw-write.js';
import { installDataPump } from './support/installed-package.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const MAIN = `
import { PathwaysEngine } from './lib/builder/pathways-engine.js';
import { createPathwayContract } from './lib/contract/create-pathway-contract.js';
import { dataPump } from './lib/data-pump/index.js';

console.log('loaded');
const engine = new PathwaysEngine({
  baseUrl: process.env.LOCAL_URL,
  tenant: 'acme',
  dataCore: 'shop',
  pump: { startFrom: 'beginning', pollIntervalMs: 20, reader: dataPump() },
});
engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
engine.handlers.addHandler({
  pathway: 'a.0/b.0',
  where: 'test',
  invoke: (event) => console.log('handled', JSON.stringify(event.payload)),
});
try {
  await engine.start();
  await engine.pumps.drain();
} catch (error) {
  console.log((error as { code: string }).code, (error as Error).message);
}
await engine.stop();
console.log('stopped');
process.exit();
`;

let folder: string;
let local: LocalFlowcore;

// An application with this library and what the library depends on, and no more.
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'data-pump-app-'));
  const isSource = (path: string) => !path.endsWith('.spec.ts');
  cpSync(join(root, 'lib'), join(folder, 'lib'), { recursive: true, filter: isSource });
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'main.ts'), MAIN);
  local = await startLocalFlowcore({ logger: quiet });
  await rawWrite(local, 'acme/shop/a.0/b.0', { n: 1 });
});
afterEach(async () => {
  await local.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(): Promise<string> {
  const args = ['--import', import.meta.resolve('tsx'), 'main.ts'];
  const env = { ...process.env, LOCAL_URL: local.url, NODE_ENV: 'test' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env });
  return stdout;
}

it('the installed package is found by its name', async () => {
  installDataPump(folder);
  expect(await run()).toBe('loaded\nhandled {"n":1}\nstopped\n');
});

it('without the package the subpath loads, and the start says what to install', async () => {
  const output = await run();
  expect(output).toMatch(/^loaded\nPATHWAYS_OPTIONAL_PACKAGE_MISSING pump\.reader: dataPump\(\) needs/);
  expect(output).toContain('npm install @flowcore/data-pump');
  expect(output).toMatch(/\nstopped\n$/);
  expect(output).not.toContain('handled');
});
