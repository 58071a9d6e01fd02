import { expect, it } from 'vitest';
import { systemClock } from '../event/clock.interface.js';
import { EventIdGenerator } from './event-id.generator.js';
import { EventIngestor } from './event.ingestor.js';
import type { LogEntry } from './event-log.interface.js';
import { MemoryEventLog } from './memory-event.log.js';
import { ResourceCatalog } from './resource.catalog.js';

/** A log that takes its time, as one on a slow disk does. */
class GatedEventLog extends MemoryEventLog {
  readonly openGates: (() => void)[] = [];

  override async append(entries: readonly LogEntry[]): Promise<void> {
    await new Promise<void>((resolve) => this.openGates.push(resolve));
    super.append(entries);
  }
}

it('announces and answers only when the event is stored', async () => {
  const log = new GatedEventLog();
  const announced: number[] = [];
  const ingestor = new EventIngestor(log, new EventIdGenerator(log), systemClock, () => {
    announced.push(log.counts().reduce((sum, { events }) => sum + events, 0));
  });
  const catalog = new ResourceCatalog(log, () => '2026-05-01T10:00:00.000Z');
  const resource = catalog.resolve('acme', 'shop', 'order.0', 'placed.0', false);
  let isAnswered = false;
  const answer = ingestor.store(resource, [{ payloadText: '{}', metadataText: '{}' }]).then((ids) => {
    isAnswered = true;
    return ids;
  });
  await new Promise(setImmediate);
  expect([announced, isAnswered]).toEqual([[], false]);
  log.openGates[0]?.();
  expect(await answer).toHaveLength(1);
  expect(announced).toEqual([1]);
});
