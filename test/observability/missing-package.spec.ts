import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

// Every run is a process that compiles TypeScript at its start: on a busy machine several take longer than the default.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const lib = fileURLToPath(new URL('../../lib/', import.meta.url));

it('without prom-client the subpath loads, and using it says what to install', async () => {
  // Far from any node_modules, as in an application that did not install it.
  const folder = mkdtempSync(join(tmpdir(), 'no-prom-client-'));
  try {
    mkdirSync(join(folder, 'lib'));
    for (const part of ['observability', 'event', 'errors']) {
      cpSync(join(lib, part), join(folder, 'lib', part), { recursive: true });
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(folder, 'main.ts'),
      `import { prometheusTelemetry } from './lib/observability/metrics/index.js';
       console.log('loaded');
       try { prometheusTelemetry({ registry: { registerMetric() {} } as never }); }
       catch (error) { console.log((error as { code: string }).code, (error as Error).message); }`,
    );
    const args = ['--import', import.meta.resolve('tsx'), 'main.ts'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    expect(stdout).toContain('loaded\n');
    expect(stdout).toContain('PATHWAYS_OPTIONAL_PACKAGE_MISSING prometheusTelemetry() needs');
    expect(stdout).toContain('npm install prom-client');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
