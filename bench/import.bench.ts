/**
 * What imports cost at start: each in a process of its own, beside the import of an empty module.
 *
 *   npm run bench -- import
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { BenchCase, BenchSuite, Contender } from './support/suite.js';

type Format = 'module' | 'commonjs';

const root = join(import.meta.dirname, '..');
const nest = ['@nestjs/common', '@nestjs/core'];

function importing(
  format: Format,
  name: string,
  role: Contender['role'],
  packages: readonly string[],
): Contender {
  return {
    name,
    role,
    make() {
      let times = 0;
      return {
        prepare: (count) => void (times = count),
        async run() {
          const measured = Array.from({ length: times }, () => measure(format, packages));
          return { operations: measured.length, times: measured };
        },
      };
    },
  };
}

/** Milliseconds to load packages in a new process, without the loader that runs this file. */
function measure(format: Format, packages: readonly string[]): number {
  const loads = packages.map((name) =>
    format === 'module' ? `await import('${name}');` : `require('${name}');`,
  );
  const script = `
    const startedAt = performance.now();
    ${loads.join('\n')}
    process.stdout.write(String(performance.now() - startedAt));`;
  const args = [`--input-type=${format}`, '--eval', script];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

const caseOf = (format: Format, title: string): BenchCase => ({
  name: format,
  title,
  measures: 'latency',
  operation: 'start',
  count: 3,
  fixed: true,
  contenders: [
    importing(format, 'limit: Nest (@nestjs/common, @nestjs/core)', 'limit', nest),
    importing(format, 'ours, Nest and nestjs-pathways', 'ours', [...nest, 'nestjs-pathways']),
    importing(format, 'ours, nestjs-pathways/builder', 'ours', ['nestjs-pathways/builder']),
  ],
  goals: [
    {
      what: 'what the root import adds to that of Nest',
      atMost: 60,
      unit: ' ms',
      value: (result) =>
        result('ours, Nest and nestjs-pathways').p50 -
        result('limit: Nest (@nestjs/common, @nestjs/core)').p50,
    },
  ],
});

export const suite: BenchSuite = {
  title: 'Import',
  about: 'Every import in a new process, from the build.',
  cases: [caseOf('module', 'import of'), caseOf('commonjs', 'require of')],
};
