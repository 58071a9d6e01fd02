import { describe, it } from 'vitest';
import { ControllableClock, filePartStoreContract } from 'nestjs-pathways/testing';
import { silentLogger } from '../../event/logger.interface.js';
import { MemoryFilePartStore } from './memory-file-part.store.js';

const cases = filePartStoreContract(
  () => {
    const clock = new ControllableClock(1_700_000_000_000);
    const store = new MemoryFilePartStore({ clock, logger: silentLogger });
    return { store, advance: (milliseconds: number) => clock.advance(milliseconds) };
  },
  { shared: false, clock: true },
);

describe('MemoryFilePartStore', () => {
  for (const { name, run } of cases) it(name, run);
});
