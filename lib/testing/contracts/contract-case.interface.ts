import type { MaybePromise } from '../../event/maybe-promise.type.js';

/** One case of a contract. Hand both to your test runner: `it(name, run)`. */
export interface ContractCase {
  readonly name: string;
  /** Rejects when the store breaks the contract. Needs no `this`. */
  readonly run: () => Promise<void>;
}

/** What a store is, as far as a contract has to know before it makes its cases. */
export interface StoreTraits {
  /**
   * `false`: only one process ever uses the data. Cases about two of them are not made.
   *
   * @default true
   */
  readonly shared?: boolean;

  /**
   * `true`: the store under test comes with `advance`, and cases that let time pass are made.
   *
   * @default false
   */
  readonly clock?: boolean;

  /**
   * Milliseconds after which a case fails that waits for something which never comes.
   *
   * @default 20_000
   */
  readonly limitMs?: number;
}

/** What `create` gives for one case. */
export interface StoreUnderTest<TStore> {
  /** Without any data: every case begins with an empty store. */
  readonly store: TStore;

  /** Another instance on the same data, as a second process would have it. Called once, by the cases that need it. */
  openSecond?(): MaybePromise<TStore>;

  /**
   * Lets time pass for the store. One on the clock of a database may move what it stored into the past instead:
   * `UPDATE … SET expires_at = expires_at - interval …`.
   */
  advance?(milliseconds: number): MaybePromise<void>;

  /** Called when the case is over, passed or not. */
  dispose?(): MaybePromise<void>;
}

type Needed<TStore, TPart extends keyof StoreUnderTest<TStore>> = Required<
  Pick<StoreUnderTest<TStore>, TPart>
>;

/** Makes the store for one case. Its traits decide what has to come with it. */
export type StoreCreator<TStore, TTraits extends StoreTraits, TExtra = unknown> = () => MaybePromise<
  StoreUnderTest<TStore> &
    TExtra &
    (TTraits extends { readonly shared: false } ? unknown : Needed<TStore, 'openSecond'>) &
    (TTraits extends { readonly clock: true } ? Needed<TStore, 'advance'> : unknown)
>;

/** Refuses unknown traits: a misspelt one would silently leave its cases out. */
export type KnownTraits<TTraits extends TKnown, TKnown extends StoreTraits = StoreTraits> = TTraits & {
  readonly [Name in Exclude<keyof TTraits, keyof TKnown>]: never;
};
