import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogEntry } from './event-log.interface.js';
import { type FolderEventLog, openFolderEventLog } from './folder-event.log.js';

const BUCKET = '20260501100000';
const entry = (sortKey: string): LogEntry => ({
  eventTypeId: 'type',
  timeBucket: BUCKET,
  sortKey,
  text: `{"key":"${sortKey}"}`,
  live: true,
});

let folder: string;
let log: FolderEventLog;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-flowcore-'));
  log = await openFolderEventLog(folder);
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a bad write fails alone, although it shared a transaction with good ones', async () => {
  await log.append([entry('b')]);
  const results = await Promise.allSettled([
    log.append([entry('a')]),
    log.append([entry('c'), entry('b')]),
    log.append([entry('d')]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log.read('type', BUCKET, {}, 10, 'asc').keys).toEqual(['a', 'b', 'd']);
  expect(log.counts()).toEqual([{ eventTypeId: 'type', timeBucket: BUCKET, events: 3 }]);
});

it('a write that waits for its transaction is stored at close, and found again', async () => {
  const written = log.append([entry('a')]);
  log.close();
  await written;
  await expect(log.append([entry('b')])).rejects.toThrow('stopped');
  log = await openFolderEventLog(folder);
  expect(log.read('type', BUCKET, {}, 10, 'asc').texts).toEqual(['{"key":"a"}']);
  expect(log.lastLiveKey()).toBe('a');
  expect(log.counts()).toEqual([{ eventTypeId: 'type', timeBucket: BUCKET, events: 1 }]);
});
