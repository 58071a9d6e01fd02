import { describe, expect, it } from 'vitest';
import type { ContractCase } from './contract-case.interface.js';

/** A store with one fault. */
export interface Mutant<TMade> {
  /** Ends the sentence "the contract suite sees a store that …". */
  readonly name: string;
  readonly create: () => TMade;
  /** Cases that must report it. Others may as well. */
  readonly reportedBy: readonly string[];
}

/** A sound store may be slow on a busy machine; what a fault hangs up would only be waited for. */
const SOUND_LIMIT_MS = 20_000;
const FAULTY_LIMIT_MS = 300;

/** Runs the cases and names those that fail. */
export async function failuresOf(cases: readonly ContractCase[]): Promise<readonly string[]> {
  const results = await Promise.allSettled(cases.map(({ run }) => run()));
  return cases.filter((_, index) => results[index]?.status === 'rejected').map(({ name }) => name);
}

/**
 * Shows that a contract suite has teeth: a store without a fault passes, each fault is reported by the cases named, and no
 * case is left that nothing has ever failed.
 */
export function describeMutants<TMade>(
  suite: string,
  contract: (create: () => TMade, limitMs: number) => readonly ContractCase[],
  sound: () => TMade,
  mutants: readonly Mutant<TMade>[],
): void {
  describe(suite, () => {
    for (const { name, run } of contract(sound, SOUND_LIMIT_MS)) it(`passes a sound store: ${name}`, run);

    for (const { name, create, reportedBy } of mutants) {
      it(`the contract suite sees a store that ${name}`, async () => {
        expect(await failuresOf(contract(create, FAULTY_LIMIT_MS))).toEqual(
          expect.arrayContaining([...reportedBy]),
        );
      });
    }

    it('every case has a store that it reports', () => {
      const reporting = new Set(mutants.flatMap(({ reportedBy }) => reportedBy));
      const names = contract(sound, SOUND_LIMIT_MS).map(({ name }) => name);
      expect(names.filter((name) => !reporting.has(name))).toEqual([]);
      expect([...reporting].filter((name) => !names.includes(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    });
  });
}
