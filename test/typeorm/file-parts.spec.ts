import { expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { openStore } from './support/open-store.js';

const postgres = usePostgres();

it('parts of an unfinished file are reported like those of a large event when their time is over', async () => {
  const brief = await openStore(postgres.url, { chunkTtlMs: 1_000 });
  await brief.store.fileParts.storePart({
    groupId: 'never whole',
    part: 1,
    totalParts: 3,
    digest: 'd'.repeat(64),
    eventId: 'event 1',
    data: 'data 1',
  });
  await postgres.query('UPDATE pathway_chunks SET expires_at = now()');
  expect(await brief.store.chunks.takeExpired()).toEqual([
    {
      chunkId: expect.stringMatching(/^file:/),
      totalParts: 3,
      parts: [{ part: 1, eventId: 'event 1' }],
    },
  ]);
  await brief.close();
});
