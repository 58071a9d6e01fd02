// Runs the tests: node scripts/test.mjs [--only main|nest11] [vitest filters and options]
//
// Without arguments every spec runs against the newest supported Nest, then the module tests against Nest 11. Filters
// go to the main run, and the Nest 11 run is then left out. Results are kept for scripts/test-totals.mjs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installNest11 } from './nest11.mjs';

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
