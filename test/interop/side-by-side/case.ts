import { describe, expect, it } from 'vitest';
import type { LocalFlowcore } from 'nestjs-pathways/local';
import { Bench } from './bench.js';
import { cellsOfRow, documentedRows } from './documented-rows.js';
import { OURS, REFERENCE, type Side } from './sides.js';

/** Both end like this. */
export interface Same {
  readonly kind: 'same';
  readonly outcome: unknown;
}

/** A row of docs/differences.md. */
export interface Row {
  /** What the reference does. */
  readonly reference: string;
  /** What ours does instead. */
  readonly ours: string;
  readonly why: string;
  /** Options of our builder with which ours ends as the reference does; left out where none brings it back. */
  readonly option?: Record<string, unknown>;
}

/** They end differently, and docs/differences.md says so. */
export interface Differs {
  readonly kind: 'differs';
  readonly reference: unknown;
  readonly ours: unknown;
  readonly row: Row;
}

/** One thing a service does, told once and done on both. */
export interface Case {
  readonly what: string;
  /** Does it and tells how it ended: plain values that both sides can have. */
  readonly run: (bench: Bench) => Promise<unknown>;
  readonly outcome: Same | Differs;
}

const DOCUMENTED = documentedRows().map(({ cells }) => cells);

export const same = (outcome: unknown): Same => ({ kind: 'same', outcome });

export const differs = (outcomes: Pick<Differs, 'reference' | 'ours'>, row: Row): Differs => ({
  kind: 'differs',
  ...outcomes,
  row,
});

/** What a caller can tell of work: its value, or that it was refused. */
export async function ending(work: () => unknown): Promise<unknown> {
  try {
    return (await work()) ?? 'done';
  } catch {
    return 'refused';
  }
}

/** Runs every case on the reference and on ours, and on ours with the options that bring the reference's behaviour back. */
export function sideBySide(area: string, cases: readonly Case[], local: () => LocalFlowcore): void {
  describe(area, () => {
    it.each(cases.map((each) => [each.what, each] as const))('%s', async (_what, { run, outcome }) => {
      const on = (side: Side, options?: Record<string, unknown>) => ended(run, side, local(), options);
      const expected =
        outcome.kind === 'same'
          ? { reference: outcome.outcome, ours: outcome.outcome }
          : { reference: outcome.reference, ours: outcome.ours };
      expect({ reference: await on(REFERENCE), ours: await on(OURS) }).toEqual(expected);
      if (outcome.kind === 'same') return;
      // A difference that is none is a row of the documentation that is not true.
      expect(outcome.ours).not.toEqual(outcome.reference);
      // One that nobody can read of is a surprise.
      expect(DOCUMENTED).toContainEqual(cellsOfRow(outcome.row));
      if (outcome.row.option) expect(await on(OURS, outcome.row.option)).toEqual(outcome.reference);
    });
  });
}

async function ended(
  run: Case['run'],
  side: Side,
  local: LocalFlowcore,
  options?: Record<string, unknown>,
): Promise<unknown> {
  const bench = new Bench(side, local, options);
  try {
    return await run(bench);
  } finally {
    await bench.clear();
  }
}
