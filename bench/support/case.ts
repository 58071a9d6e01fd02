/** One line of a result table. */
export interface ResultRow {
  readonly what: string;
  /** The rival's figure, or `-` where it has nothing comparable. */
  readonly reference: string;
  readonly ours: string;
  /** Ours over reference, or what the goal is. */
  readonly ratio: string;
  readonly spread: string;
}

/** A measurement that runs in a process of its own. */
export interface BenchCase {
  readonly name: string;
  readonly title: string;
  run(): Promise<ResultRow[]>;
}
