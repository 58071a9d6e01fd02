// What the root import adds to the start of a Nest application: `node scripts/import-cost.mjs [rounds]` after a build, and a
// check of scripts/check-package.mjs.
//
// Processes with and without our import take turns, so that a busy spell of the machine meets both; what counts is the median of
// the differences between neighbours.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const nest = ['reflect-metadata', '@nestjs/common', '@nestjs/core'];
const added = 'nestjs-pathways';
/** What the root import may take, and the time Nest's own takes where that was set: slower machines get more in proportion. */
const LIMIT_MS = 60;
const NEST_MS = 500;
const ROUNDS = 15;
/** A median of few rounds may lie above the limit by chance: only when that of many does too, twice, is it believed. */
const TRIES = [ROUNDS, 45, 45];

/** Fails when the import takes too long. Returns what it has measured, for the eye. */
export function checkImportCost(folder, type) {
  const tries = [];
  for (const rounds of TRIES) {
    const cost = importCost(folder, type, rounds);
    tries.push(describe(cost));
    if (cost.cpu <= limitBeside(cost)) return tries.join('; again: ');
  }
  throw new Error(`${tries.join('; again: ')}. At most ${LIMIT_MS} ms of CPU are allowed.`);
}

function limitBeside({ nestCpu }) {
  return Math.max(LIMIT_MS, (LIMIT_MS * nestCpu) / NEST_MS);
}

function importCost(folder, type, rounds) {
  // One of each goes first: it finds the files in no cache.
  const pairs = Array.from({ length: rounds + 1 }, () => [
    timeOf(folder, type, nest),
    timeOf(folder, type, [...nest, added]),
  ]).slice(1);
  return {
    rounds,
    nestCpu: median(pairs.map(([without]) => without.cpu)),
    cpu: median(pairs.map(([without, withOurs]) => withOurs.cpu - without.cpu)),
    wall: median(pairs.map(([without, withOurs]) => withOurs.wall - without.wall)),
  };
}

/** User and system time of a new process, and the time it has been there, when everything is loaded. */
function timeOf(folder, type, packages) {
  const load = (name) => (type === 'module' ? `await import('${name}');` : `require('${name}');`);
  const script = `${packages.map(load).join('')}
    const { user, system } = process.cpuUsage();
    process.stdout.write(JSON.stringify({ cpu: (user + system) / 1000, wall: performance.now() }));`;
  const args = [`--input-type=${type}`, '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function describe({ rounds, nestCpu, cpu, wall }) {
  const [ours, elapsed, base] = [cpu, wall, nestCpu].map(Math.round);
  return `${ours} ms CPU and ${elapsed} ms elapsed beside ${base} ms CPU of Nest (${rounds} rounds)`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const type of ['module', 'commonjs']) {
    console.log(`${type}: ${describe(importCost(root, type, Number(process.argv[2] ?? ROUNDS)))}`);
  }
}
