/**
 * Measures one contender of a case in a process of its own and sends what it finds to the runner.
 *
 *   case.child.js <suite> <case> <settings> rounds <contender> [allocations]
 *   case.child.js <suite> <case> <settings> profile <file>        long rounds of ours, under a profiler
 */
import { writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { Bench } from './bench.js';
import { measure, measureAllocation, type Sample } from './measure.js';
import { scaled, type BenchSettings } from './settings.js';
import type { BenchCase, BenchSuite, Contender } from './suite.js';

/** What the runner is told. */
export type CaseMessage =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'sample'; readonly contender: string; readonly sample: Sample }
  | {
      readonly kind: 'memory';
      readonly contender: string;
      readonly allocatedBytes: number | undefined;
      readonly peakBytes: number;
    }
  | { readonly kind: 'failure'; readonly contender: string; readonly reason: string }
  | { readonly kind: 'done' };

const [suiteName = '', caseName = '', settingsText = '{}', mode = 'rounds', modeArgument = '', counted = ''] =
  process.argv.slice(2);
const settings = JSON.parse(settingsText) as BenchSettings;
const { suite } = (await import(`../${suiteName}.bench.js`)) as { suite: BenchSuite };
const found = suite.cases.find(({ name }) => name === caseName);
if (!found) throw new Error(`${suiteName} has no case ${caseName}`);

const bench = new Bench(settings);
if (mode === 'profile') await runForProfile(found, modeArgument);
else await measureContender(found, modeArgument);
await bench.end();
// Messages are sent in order: when this one is away, all are.
if (process.send) process.send({ kind: 'done' } satisfies CaseMessage, () => process.exit(0));
else process.exit(0);

/**
 * A first round warms up. Allocations are counted in one more, whose collections are read and would be felt by the clock; they
 * differ so little that one process does.
 */
async function measureContender(wanted: BenchCase, name: string): Promise<void> {
  const contender = wanted.contenders.find((each) => each.name === name);
  if (!contender) throw new Error(`${wanted.name} has no contender ${name}`);
  await guarded(contender, async () => {
    const subject = await contender.make(bench);
    const first = scaled(wanted.count, settings);
    const count = sizeOfRound(wanted, await measure(subject, first));
    const rounds = Math.min(wanted.rounds ?? settings.rounds, settings.rounds * 5);
    for (let round = 1; round <= rounds; round++) {
      tell({ kind: 'sample', contender: name, sample: await measure(subject, count) });
    }
    const peakBytes = process.resourceUsage().maxRSS * 1_024;
    const allocatedBytes = counted === 'allocations' ? await measureAllocation(subject, first) : undefined;
    tell({ kind: 'memory', contender: name, allocatedBytes, peakBytes });
  });
}

/** Rounds of ours after a first one, and nothing of what comes before them: `--cpu-prof` would show the loader above all. */
async function runForProfile(wanted: BenchCase, file: string): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  const profiles: Profiler.Profile[] = [];
  for (const contender of wanted.contenders.filter(({ role }) => role === 'ours')) {
    tell({ kind: 'progress', text: `profiles ${contender.name}` });
    const subject = await contender.make(bench);
    const count = scaled(wanted.count, settings);
    await measure(subject, count);
    const until = performance.now() + settings.roundMs * 10;
    await session.post('Profiler.start');
    do await measure(subject, count);
    while (performance.now() < until);
    profiles.push((await session.post('Profiler.stop')).profile);
  }
  for (const [index, profile] of profiles.entries()) {
    const name = index === 0 ? file : file.replace('.cpuprofile', `.${index + 1}.cpuprofile`);
    writeFileSync(name, JSON.stringify(profile));
  }
  session.disconnect();
}

function sizeOfRound({ count, fixed }: BenchCase, { operations, seconds }: Sample): number {
  if (fixed) return scaled(count, settings);
  const wanted = Math.round((operations / seconds) * (settings.roundMs / 1_000));
  return Math.max(20, Math.min(wanted, count * 10));
}

/** What cannot run says why. */
async function guarded(contender: Contender, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env['BENCH_DEBUG'] !== undefined) console.error(error);
    tell({ kind: 'failure', contender: contender.name, reason });
  }
}

function tell(message: CaseMessage): void {
  process.send?.(message);
}
