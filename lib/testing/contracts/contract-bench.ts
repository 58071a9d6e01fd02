import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { ContractCase, StoreTraits, StoreUnderTest } from './contract-case.interface.js';

/** A case before there is a store for it. */
export interface CaseDefinition<TStore, TExtra = unknown> {
  readonly name: string;
  /** `second`: makes sense only with two processes. `clock`: lets time pass. */
  readonly needs?: 'second' | 'clock' | 'both';
  run(bench: ContractBench<TStore, TExtra>): Promise<void>;
}

/** The store of one case, and what a case does with it. */
export class ContractBench<TStore, TExtra = unknown> {
  private opened: MaybePromise<TStore> | undefined;
  private isOver = false;

  constructor(
    readonly subject: StoreUnderTest<TStore> & TExtra,
    private readonly isShared: boolean,
  ) {}

  get store(): TStore {
    return this.subject.store;
  }

  /** What a second process sees. In a store of one process that is the store itself: deliveries meet there as well. */
  async second(): Promise<TStore> {
    if (!this.isShared) return this.store;
    assert.ok(
      this.subject.openSecond,
      'This case needs a second instance: let `create` give `openSecond`, or declare `{ shared: false }`.',
    );
    return (this.opened ??= this.subject.openSecond());
  }

  async advance(milliseconds: number): Promise<void> {
    assert.ok(this.subject.advance, 'This case lets time pass: let `create` give `advance`.');
    await this.subject.advance(milliseconds);
  }

  /** Tries until the condition holds. Ends with the case: a store that never gets there must not keep the process busy. */
  async until(condition: () => boolean, attempt: () => MaybePromise<unknown>): Promise<void> {
    while (!condition()) {
      assert.ok(!this.isOver, 'the case is over');
      await attempt();
      await turn();
    }
  }

  /** Called when the case is over, passed or not. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.subject.dispose?.();
  }
}

/** Turns definitions into cases: those the traits leave, each with a store of its own. */
export function makeCases<TStore, TExtra = unknown>(
  definitions: readonly CaseDefinition<TStore, TExtra>[],
  create: () => MaybePromise<StoreUnderTest<TStore> & TExtra>,
  { shared = true, clock = false, limitMs = 20_000 }: StoreTraits = {},
): ContractCase[] {
  const isMade = ({ needs }: CaseDefinition<TStore, TExtra>) =>
    (shared || needs === undefined || needs === 'clock') &&
    (clock || needs === undefined || needs === 'second');
  return definitions.filter(isMade).map((definition) => ({
    name: definition.name,
    run: async () => {
      const bench = new ContractBench(await create(), shared);
      try {
        await withinLimit(definition.run(bench), limitMs);
      } catch (error) {
        // What a broken store leaves behind may not be disposable: that must not hide what it did wrong.
        await bench.end().catch(() => {});
        throw error;
      }
      await bench.end();
    },
  }));
}

/** A promise that is looked at before it ends. */
export interface Watched<T> {
  readonly promise: Promise<T>;
  readonly isOver: () => boolean;
}

/** Starts to look at a promise. Its rejection is not lost when the case fails before it is awaited. */
export function watch<T>(value: MaybePromise<T>): Watched<T> {
  let isOver = false;
  const promise = Promise.resolve(value);
  const finish = () => void (isOver = true);
  promise.then(finish, finish);
  return { promise, isOver: () => isOver };
}

/**
 * Fails when the promise ends although nothing has happened that would end it. The round trips give a store that does
 * not wait the time to say so; one that is slower is caught by the answer it gives in the end.
 */
export async function assertWaits(
  watched: Watched<unknown>,
  what: string,
  roundTrip: () => MaybePromise<unknown>,
): Promise<void> {
  for (let look = 0; look < 5; look++) {
    await roundTrip();
    await turn();
    assert.equal(watched.isOver(), false, `${what} did not wait`);
  }
}

async function withinLimit(running: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const fail = () =>
      reject(
        new assert.AssertionError({
          message: `The case was not over after ${limitMs} ms: what it waits for (the end of a claim, a signal, an answer) did not come.`,
        }),
      );
    timer = setTimeout(fail, limitMs);
  });
  try {
    await Promise.race([running, limit]);
  } finally {
    clearTimeout(timer);
  }
}
