/**
 * Runs measurements one after the other and writes their tables to bench/RESULTS.md and bench/results.json.
 *
 *   npm run bench                        all of them
 *   npm run bench -- pump dispatch       those suites
 *   npm run bench -- dispatch/process-1  that case; its table is printed, and written nowhere
 *   npm run bench -- --quick             shows that everything runs; tables go to .build/bench-quick
 *   npm run bench:profile -- dispatch    .build/profiles/dispatch.<case>.cpuprofile of our side, further contenders as .2, .3
 *   npm run bench -- --list              names of suites and cases
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCase } from './support/case.process.js';
import { CaseRunner, type CaseResult } from './support/case.runner.js';
import { ProgressLine } from './support/progress.line.js';
import { ResultsFile } from './support/results.file.js';
import { startServices } from './support/services.js';
import { FULL, QUICK } from './support/settings.js';
import type { BenchSuite } from './support/suite.js';
import { tableOf } from './support/tables.js';

const SUFFIX = '.bench.js';
// The compiled measurements, in .build/bench/bench; see scripts/bench.mjs.
const folder = import.meta.dirname;
const build = join(folder, '../..');
const root = join(build, '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, profile: { type: 'boolean' }, list: { type: 'boolean' } },
});
const settings = values.quick ? QUICK : FULL;
const names = readdirSync(folder)
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort();
const wanted = positionals.length > 0 ? positionals : names;
const unknown = wanted.filter((name) => !names.includes(name.split('/')[0] ?? ''));
if (unknown.length > 0) {
  console.error(`There is no measurement ${unknown.join(', ')}. There are: ${names.join(', ')}.`);
  process.exit(2);
}

const line = new ProgressLine();
let failures = 0;
// Never side by side: two at once would measure each other.
for (const name of wanted) {
  const [suiteName = '', caseName] = name.split('/');
  const { suite } = (await import(`./${suiteName}${SUFFIX}`)) as { suite: BenchSuite };
  if (caseName !== undefined && !suite.cases.some((each) => each.name === caseName)) {
    console.error(
      `${suiteName} has no case ${caseName}. It has: ${suite.cases.map((each) => each.name).join(', ')}.`,
    );
    process.exit(2);
  }
  if (values.list) for (const each of suite.cases) console.log(`${suiteName}/${each.name}: ${each.title}`);
  else if (values.profile) await profile(suiteName, suite, caseName);
  else await measureSuite(suiteName, suite, caseName);
}
process.exit(failures === 0 ? 0 : 1);

async function measureSuite(name: string, suite: BenchSuite, only: string | undefined): Promise<void> {
  const startedAt = performance.now();
  console.log(`\n## ${suite.title}`);
  const services = await startServices(suite.services);
  const results: CaseResult[] = [];
  try {
    const cases = suite.cases.filter((each) => only === undefined || each.name === only);
    for (const [index, each] of cases.entries()) {
      const where = `${name}/${each.name} (${index + 1}/${cases.length})`;
      const show = (what: string) => line.show(where, what);
      show('starts');
      const result = await new CaseRunner(name, each, settings, services.environment, show).run();
      results.push(result);
      line.clear();
      console.log(`\n${tableOf(each, result)}`);
      failures += result.contenders.filter(({ failure }) => failure !== undefined).length;
    }
  } finally {
    await services.stop();
  }
  if (only !== undefined) return;
  const seconds = (performance.now() - startedAt) / 1_000;
  const target = values.quick ? join(build, 'bench-quick') : join(root, 'bench');
  new ResultsFile(target).save(name, suite, results, { settings, seconds });
}

async function profile(name: string, suite: BenchSuite, only: string | undefined): Promise<void> {
  const target = join(build, 'profiles');
  mkdirSync(target, { recursive: true });
  const services = await startServices(suite.services);
  try {
    for (const each of suite.cases.filter((one) => only === undefined || one.name === only)) {
      const file = `${name}.${each.name}.cpuprofile`;
      const reason = await runCase(
        {
          suite: name,
          name: each.name,
          settings,
          environment: services.environment,
          mode: ['profile', join(target, file)],
        },
        (message) => {
          if (message.kind === 'progress') line.show(`${name}/${each.name}`, message.text);
        },
      );
      line.clear();
      if (reason !== undefined) failures++;
      console.log(reason === undefined ? join('.build/profiles', file) : `${name}/${each.name}: ${reason}`);
    }
  } finally {
    await services.stop();
  }
}
