import type { OutboxEntry } from './outbox-store.interface.js';
import type { WriteRequest } from './write-ledger.interface.js';

/**
 * The entries of a write that was begun without the outbox, and whose answers were lost: what may be stored already,
 * encrypted and split as it was then. Made anew, it would not be taken for the same.
 *
 * @param own the entries of the call that goes on with it, which say where and in which order
 */
export function entriesOfBegun(
  requests: readonly WriteRequest[],
  own: readonly OutboxEntry[],
): readonly OutboxEntry[] {
  const begun = requests.flatMap(({ idempotencyId, payloads, headers }) =>
    payloads.map((payload) => ({ idempotencyId, payload, headers })),
  );
  // Split otherwise meanwhile, it has more parts: they belong behind the last.
  return begun.flatMap((entry, at) => {
    const like = own[at] ?? own.at(-1);
    return like ? [{ ...like, ...entry }] : [];
  });
}
