import { expect, it } from 'vitest';
import { systemClock } from '../event/clock.interface.js';
import { silentLogger } from '../event/logger.interface.js';
import { MemoryPathwayState } from '../state/memory-pathway.state.js';
import { BuilderStores } from './builder.stores.js';

it('claims in order of a store are used with its own state alone: they would pass another one by', async () => {
  const base = { state: new MemoryPathwayState(), claimInOrder: () => 'claimed' as const };
  const alone = new BuilderStores(base, systemClock, () => silentLogger);
  expect((await alone.assemble()).claimInOrder?.call(base, {} as never)).toBe('claimed');

  const beside = new BuilderStores(base, systemClock, () => silentLogger);
  beside.parts.state = new MemoryPathwayState();
  const assembled = await beside.assemble();
  expect(assembled.state).toBe(beside.parts.state);
  expect(assembled).not.toHaveProperty('claimInOrder');
});
