// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  getDeadLettersToken,
  type DeadLetter,
  type DeadLetterDiscard,
  type DeadLetterPage,
  type DeadLetterReplay,
  type DeadLetters,
  type FingerprintCount,
  type PathwayKey,
  type PathwaysEngine,
} from 'nestjs-pathways';

declare const deadLetters: DeadLetters;
expectTypeOf<PathwaysEngine['deadLetters']>().toEqualTypeOf<DeadLetters>();
expectTypeOf(getDeadLettersToken('billing')).not.toBeAny();

// Looking.
expectTypeOf(deadLetters.list()).resolves.toEqualTypeOf<DeadLetterPage>();
expectTypeOf(deadLetters.list({ reason: 'failed' }, { limit: 10, after: 7 })).resolves.toEqualTypeOf<{
  readonly letters: readonly DeadLetter[];
  readonly next: number | undefined;
}>();
expectTypeOf(deadLetters.count({ pathway: 'order.0/order.placed.0' })).resolves.toBeNumber();
expectTypeOf(deadLetters.countByFingerprint()).resolves.toEqualTypeOf<readonly FingerprintCount[]>();
expectTypeOf(deadLetters.get('id')).resolves.toEqualTypeOf<DeadLetter | undefined>();
// @ts-expect-error unknown conditions are refused: the rest would mean more letters than wanted
void deadLetters.list({ orderkey: 'x' });
// @ts-expect-error a reason is one of three
void deadLetters.count({ reason: 'poisoned' });

// Replaying: by id, key or filter.
declare const signal: AbortSignal;
expectTypeOf(deadLetters.replay('id')).resolves.toEqualTypeOf<DeadLetterReplay>();
expectTypeOf(
  deadLetters.replay({ orderKey: 'x', source: 'order.0::default' }, { signal }),
).resolves.toEqualTypeOf<DeadLetterReplay>();
expectTypeOf(deadLetters.replay({ fingerprint: 'Error' })).resolves.toEqualTypeOf<DeadLetterReplay>();
// @ts-expect-error all of them have to be asked for: {}
void deadLetters.replay();
// @ts-expect-error an id is a text
void deadLetters.replay(7);

declare const replay: DeadLetterReplay;
expectTypeOf(replay.replayed[0]?.outcome).toEqualTypeOf<'processed' | 'already-processed' | undefined>();
expectTypeOf(replay.failed[0]?.error).toEqualTypeOf<Error | undefined>();
expectTypeOf(replay.failed[0]?.pathway).toEqualTypeOf<PathwayKey | undefined>();
expectTypeOf(replay.skipped[0]?.why).toEqualTypeOf<
  'malformed' | 'not-handled' | 'behind-another' | 'aborted' | undefined
>();

// Giving up.
expectTypeOf(deadLetters.discard('id', 'cancelled')).resolves.toEqualTypeOf<DeadLetterDiscard>();
// @ts-expect-error nothing is discarded without a reason
void deadLetters.discard('id');
