import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { CaseResult } from './case.runner.js';
import type { BenchSettings } from './settings.js';
import { tableOf } from './tables.js';
import type { BenchSuite } from './suite.js';

/** One suite as it stands in results.json. */
interface SuiteRecord {
  readonly measuredAt: string;
  readonly command: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: BenchSettings;
  readonly seconds: number;
  readonly cases: readonly CaseResult[];
}

const PACKAGES = [
  '@flowcore/pathways',
  '@nestjs/core',
  '@nestjs/cqrs',
  '@nestjs/event-emitter',
  'autocannon',
  'class-validator',
  'graphile-worker',
  'pg',
  'pg-boss',
  'typeorm',
  'undici',
  'zod',
  'zod4',
];

/**
 * Writes tables between markers, and nothing else, so that what is written by hand around them stays:
 *
 *     <!-- measured: dispatch -->
 *     …
 *     <!-- end: dispatch -->
 */
export class ResultsFile {
  private readonly markdown: string;
  private readonly json: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.markdown = join(folder, 'RESULTS.md');
    this.json = join(folder, 'results.json');
  }

  /** Replaces what is there of this suite. */
  save(
    name: string,
    suite: BenchSuite,
    cases: readonly CaseResult[],
    { settings, seconds }: { settings: BenchSettings; seconds: number },
  ): string {
    const record: SuiteRecord = {
      measuredAt: new Date().toISOString(),
      command: `npm run bench -- ${name}`,
      machine: machine(),
      versions: versions(),
      settings,
      seconds: Math.round(seconds),
      cases,
    };
    const all = existsSync(this.json)
      ? (JSON.parse(readFileSync(this.json, 'utf8')) as Record<string, SuiteRecord>)
      : {};
    writeFileSync(this.json, `${JSON.stringify({ ...all, [name]: record }, undefined, 2)}\n`);
    const section = sectionOf(suite, record);
    const before = existsSync(this.markdown) ? readFileSync(this.markdown, 'utf8') : '# Measurements\n';
    writeFileSync(this.markdown, replaced(before, name, suite.title, section));
    return section;
  }
}

function sectionOf(suite: BenchSuite, record: SuiteRecord): string {
  const { command, machine: where, settings, measuredAt, seconds } = record;
  const used = Object.entries(record.versions).map(([name, version]) => `${name} ${version}`);
  const how = `${settings.processes} processes × ${settings.rounds} rounds after one that warms up`;
  return [
    `\`${command}\`, ${measuredAt.slice(0, 10)}, ${where}; ${how}, unless a table says otherwise; ${seconds} s. ${used.join(', ')}.`,
    suite.about,
    ...record.cases.map((result) => {
      const wanted = suite.cases.find(({ name }) => name === result.name);
      if (!wanted) throw new Error(`No case ${result.name}`);
      return tableOf(wanted, result);
    }),
  ].join('\n\n');
}

/** The text with the section of this suite anew; a suite that has none yet gets it at the end, under its title. */
function replaced(text: string, name: string, title: string, section: string): string {
  const begin = `<!-- measured: ${name} -->`;
  const end = `<!-- end: ${name} -->`;
  const block = `${begin}\n\n${section}\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) return `${text.trimEnd()}\n\n## ${title}\n\n${block}\n`;
  return text.slice(0, from) + block + text.slice(to + end.length);
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB, ${process.platform} ${release()} ${process.arch}, Node ${process.version}`;
}

function versions(): Record<string, string> {
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const { version } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')) as {
        version: string;
      };
      return [name, version];
    }),
  );
}
