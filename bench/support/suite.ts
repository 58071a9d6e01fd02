import type { Bench } from './bench.js';

/** What one file of this folder measures: `export const suite: BenchSuite`. */
export interface BenchSuite {
  readonly title: string;
  /** Stands above the tables: what is measured, and under which conditions. */
  readonly about: string;
  /** Started by the runner before the first case, and shared by its processes. */
  readonly services?: readonly Service[];
  readonly cases: readonly BenchCase[];
}

export type Service = 'postgres' | 'local-flowcore';

/** One table: contenders that do the same, in turn, in processes of their own. */
export interface BenchCase {
  /** Unique in the suite: `npm run bench -- suite/name`. */
  readonly name: string;
  readonly title: string;
  /** `rate`: operations per second. `latency`: milliseconds of each. */
  readonly measures: 'rate' | 'latency';
  /** What one operation is called in the table. @default 'event' */
  readonly operation?: string;
  /** Operations of the warm-up; rounds are then sized to take as long as the settings say, up to ten times this. */
  readonly count: number;
  /** Every round has exactly `count` operations. @default false */
  readonly fixed?: boolean;
  /** Measured rounds of each process. @default that of the settings */
  readonly rounds?: number;
  /** Fresh processes. @default that of the settings */
  readonly processes?: number;
  /** The first one is what the others are compared to. */
  readonly contenders: readonly Contender[];
  readonly goals?: readonly Goal[];
}

/** One way to do what a case measures. */
export interface Contender {
  readonly name: string;
  /** `ours` is what profiles are made of; `limit` is what no library can be faster than. */
  readonly role: 'ours' | 'rival' | 'limit';
  /** Called once in each process, before any clock starts. Throw CannotRun with the reason when it cannot be measured. */
  make(bench: Bench): Subject | Promise<Subject>;
}

/** A contender in one process. `prepare` and `finish` are not timed. */
export interface Subject {
  prepare?(count: number): unknown;
  run(count: number): Promise<Run>;
  /** What was counted during `run`: columns of the table. */
  finish?(): Figures | void | Promise<Figures | void>;
}

/** Named numbers, shown as they are. */
export type Figures = Readonly<Record<string, number>>;

/** What one round did. */
export interface Run {
  readonly operations: number;
  /** Milliseconds of single operations, or means of short series of them. */
  readonly times?: readonly number[];
  readonly figures?: Figures;
}

/** A line below the table. */
export interface Goal {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** @default '' */
  readonly unit?: string;
  value(result: (contender: string) => ContenderResult): number;
}

/** All rounds of one contender in all processes. */
export interface ContenderResult {
  readonly name: string;
  readonly role: Contender['role'];
  /** Operations per second of each round. */
  readonly rates: readonly number[];
  /** Middle of `rates`. */
  readonly rate: number;
  /** Milliseconds; `NaN` where the case does not time single operations. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Middles of each round. */
  readonly p50s: readonly number[];
  /** Processor time of the measured process for one operation, in microseconds. */
  readonly cpuMicros: number;
  /** JavaScript heap allocated for one operation. */
  readonly allocatedBytes: number;
  /** Largest resident size of its processes. */
  readonly peakBytes: number;
  readonly figures: Figures;
  /** Why there is nothing to show. */
  readonly failure: string | undefined;
}

/** Thrown by `make` and `run`: the reason stands in the table. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}
