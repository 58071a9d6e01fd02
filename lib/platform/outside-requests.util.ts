import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs something outside the async context of whoever calls. Loops and timers that live longer than a request would keep
 * its context (transaction, user, trace) alive and act in its name.
 */
export const outsideRequests: <T>(work: () => T) => T = AsyncLocalStorage.snapshot();
