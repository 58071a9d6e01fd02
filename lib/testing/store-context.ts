import { systemClock } from '../event/clock.interface.js';
import { silentLogger } from '../event/logger.interface.js';
import type { StoreContext } from '../state/pathways-store.interface.js';

/** The context of a store that is opened without an application: what is not given says nothing and knows nothing. */
export function createStoreContext(parts: Partial<StoreContext> = {}): StoreContext {
  return {
    tenant: 'acme',
    dataCore: 'shop',
    clock: systemClock,
    logger: silentLogger,
    pumps: () => [],
    pathways: () => [],
    longestRedeliveryMs: () => 0,
    onEnded: () => {},
    resolve: () => undefined,
    ...parts,
  };
}
