// Runs the tests: node scripts/test.mjs [--only main|nest11] [vitest filters and options]
//
// Without arguments every spec runs against the newest supported Nest, then the module tests against Nest 11. Filters
// go to the main run, and the Nest 11 run is then left out. Results are kept for scripts/test-totals.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = '.build/test-results';
const vitest = 'node_modules/vitest/vitest.mjs';

const runs = {
  main: { config: 'vitest.config.ts', prepare: () => 0 },
  nest11: { config: 'vitest.nest11.config.ts', prepare: installNest11 },
};

const { only, rest } = parse(process.argv.slice(2));
const names = only ? [only] : rest.length > 0 ? ['main'] : Object.keys(runs);
process.chdir(root);
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
// A failed first run must not hide what the second has to say.
const failed = names.filter((name) => run(name) !== 0);
totals();
process.exit(failed.length === 0 ? 0 : 1);

function parse(args) {
  if (args[0] !== '--only') return { only: undefined, rest: args };
  const [, name, ...others] = args;
  if (name && Object.hasOwn(runs, name)) return { only: name, rest: others };
  console.error(`--only takes one of: ${Object.keys(runs).join(', ')}`);
  process.exit(2);
}

function run(name) {
  const { config, prepare } = runs[name];
  console.log(`\n── tests: ${name} (${config})`);
  const report = `${results}/${name}.json`;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = prepare() || node(vitest, 'run', `--config=${config}`, ...reporters, ...rest);
  writeFileSync(`${results}/${name}.status`, String(status));
  return status;
}

function node(...args) {
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

function totals() {
  node('scripts/test-totals.mjs', ...names);
}

/** Nest 11 lives beside its specs with a lockfile of its own: two majors do not fit into one node_modules. */
function installNest11() {
  const folder = 'test/nest11';
  const installed = `${folder}/node_modules/.package-lock.json`;
  const lockfile = `${folder}/package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return 0;
  console.log(`Installing ${folder} from its lockfile …`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--prefix', folder];
  return spawnSync(npm, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}
