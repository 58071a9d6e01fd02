import { runCase } from './case.process.js';
import type { CaseMessage } from './case.child.js';
import type { Sample } from './measure.js';
import type { BenchSettings } from './settings.js';
import { median } from './statistics.js';
import type { BenchCase, ContenderResult, Figures } from './suite.js';

/** Everything one table is made of. */
export interface CaseResult {
  readonly name: string;
  readonly contenders: readonly ContenderResult[];
}

interface Collected {
  readonly samples: Sample[];
  readonly allocatedBytes: number[];
  readonly peakBytes: number[];
  failure: string | undefined;
}

/**
 * Measures a case: contenders in turn, each in a process of its own, and all of that several times. In one process they
 * would share the compiler, which makes a function slower for all when a second one gives it other objects, and the heap.
 */
export class CaseRunner {
  private readonly collected = new Map<string, Collected>();

  constructor(
    private readonly suite: string,
    private readonly wanted: BenchCase,
    private readonly settings: BenchSettings,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly progress: (text: string) => void,
  ) {
    for (const { name } of wanted.contenders) {
      this.collected.set(name, { samples: [], allocatedBytes: [], peakBytes: [], failure: undefined });
    }
  }

  async run(): Promise<CaseResult> {
    const { settings, wanted } = this;
    const processes = Math.min(wanted.processes ?? settings.processes, settings.processes);
    for (let number = 1; number <= processes; number++) {
      // Whoever comes first after a pause may have it easier: every one is first in turn.
      for (const { name } of rotated(wanted.contenders, number - 1)) {
        if (this.of(name).failure === undefined)
          await this.runProcess(`${number}/${processes}, ${name}`, name, number === 1);
      }
    }
    const contenders = wanted.contenders.map(({ name, role }) => resultOf(name, role, this.of(name)));
    return { name: wanted.name, contenders };
  }

  private async runProcess(title: string, name: string, isFirst: boolean): Promise<void> {
    const { suite, wanted, settings, environment } = this;
    this.progress(title);
    const mode = ['rounds', name, ...(isFirst ? ['allocations'] : [])];
    const order = { suite, name: wanted.name, settings, environment, mode };
    const reason = await runCase(order, (message) => this.take(title, message));
    if (reason !== undefined) this.of(name).failure ??= reason;
  }

  private take(title: string, message: CaseMessage): void {
    if (message.kind === 'done') return;
    if (message.kind === 'progress') return this.progress(`${title}: ${message.text}`);
    const collected = this.of(message.contender);
    if (message.kind === 'sample') collected.samples.push(message.sample);
    else if (message.kind === 'failure') collected.failure ??= message.reason;
    else {
      if (message.allocatedBytes !== undefined) collected.allocatedBytes.push(message.allocatedBytes);
      collected.peakBytes.push(message.peakBytes);
    }
  }

  private of(name: string): Collected {
    const collected = this.collected.get(name);
    if (!collected) throw new Error(`${this.wanted.name} has no contender ${name}`);
    return collected;
  }
}

function resultOf(
  name: string,
  role: ContenderResult['role'],
  { samples, allocatedBytes, peakBytes, failure }: Collected,
): ContenderResult {
  const rates = samples.map(({ operations, seconds }) => operations / seconds);
  const p50s = samples.map(({ p50 }) => p50);
  return {
    name,
    role,
    rates,
    rate: median(rates),
    p50: median(p50s),
    p99: median(samples.map(({ p99 }) => p99)),
    longest: Math.max(...samples.map(({ longest }) => longest)),
    p50s,
    cpuMicros: median(samples.map(({ cpuMicros }) => cpuMicros)),
    figures: mediansOf(samples.map(({ figures }) => figures)),
    allocatedBytes: median(allocatedBytes),
    peakBytes: Math.max(...peakBytes),
    failure,
  };
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const from = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

function mediansOf(all: readonly Figures[]): Figures {
  const names = new Set(all.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      median(all.flatMap((figures) => (figures[name] === undefined ? [] : [figures[name]]))),
    ]),
  );
}
