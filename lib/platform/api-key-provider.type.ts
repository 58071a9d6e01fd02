import type { MaybePromise } from '../event/maybe-promise.type.js';

/**
 * Says which API key counts now. Asked for every request and every connection, so that a key that is rotated counts without
 * a restart; what is slow to read should be kept in memory for a while.
 */
export type ApiKeyProvider = () => MaybePromise<string>;
