// Runs measurements (bench/run.ts) from a build of the library and of the measurements themselves.
//
// A loader that compiles while a measurement runs would count: its memory in every peak, its time in every start, and its
// hooks wherever a module is loaded late.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = '.build/bench';
process.chdir(root);

run('npm', ['run', '--silent', 'build']);
rmSync(out, { recursive: true, force: true });
await build({
  config: false,
  entry: ['bench/run.ts', 'bench/*.bench.ts', 'bench/support/*.child.ts'],
  outDir: out,
  // A file for each source, under the same name, because they start each other by name.
  unbundle: true,
  root,
  format: 'esm',
  fixedExtension: false,
  platform: 'node',
  target: 'node20.19',
  tsconfig: 'bench/tsconfig.json',
  hash: false,
  dts: false,
  // Packages, and `nestjs-pathways` among them: what is measured is the build, as users have it.
  deps: { skipNodeModulesBundle: true, neverBundle: [/^nestjs-pathways/] },
  logLevel: 'warn',
  clean: false,
});
run(process.execPath, [join(out, 'bench/run.js'), ...process.argv.slice(2)]);

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
