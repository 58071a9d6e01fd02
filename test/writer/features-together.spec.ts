import * as fc from 'fast-check';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LocalTestClient } from '../../lib/local/local-flowcore.test-client.js';
import { isChunkPart } from '../../lib/processor/chunks/chunk-part.parser.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const KEY = 'order.0/kept.0';
const SECRET = 'a-secret-of-at-least-thirty-two-characters';

let local: LocalFlowcore;
let engine: PathwaysEngine;
let handled: unknown[];
let dataSource: DataSource | undefined;

beforeEach(async () => {
  local = await startLocalFlowcore();
  handled = [];
});
afterEach(async () => {
  await engine.stop();
  await dataSource?.destroy();
  dataSource = undefined;
  await local.stop();
});

interface Kind {
  readonly encrypted: boolean;
  /** So small that every payload here is stored in parts. */
  readonly maxEventBytes?: number;
  readonly inPostgres?: boolean;
}

async function start(kind: Kind): Promise<void> {
  const { encrypted, maxEventBytes = 64_000 } = kind;
  if (kind.inPostgres) {
    await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    dataSource = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 4 }).initialize();
  }
  engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
    pump: { startFrom: 'beginning' },
    chunking: { maxEventBytes },
    ...(dataSource && { store: typeOrmStore({ dataSource }) }),
    ...(encrypted && { encryption: { key: SECRET, keyId: 'k1' } }),
  });
  const options = { flowType: 'order.0', eventType: 'kept.0', encrypted };
  engine.addContract(createPathwayContract(options, { declaredBy: 'test' }));
  engine.handlers.addHandler({
    pathway: KEY,
    where: 'Test.handle',
    invoke: ({ payload }) => void handled.push(payload),
  });
  await engine.start();
}

/** Whether what was written is stored in parts; before that, that it is stored at all. */
async function isStoredInParts(): Promise<boolean> {
  const events = await LocalTestClient.of(local).all('kept.0');
  expect(events).not.toHaveLength(0);
  return events.every((event) => isChunkPart(event)) && events.length > 1;
}

describe.each<[string, Kind]>([
  ['plain', { encrypted: false }],
  ['encrypted', { encrypted: true }],
  ['chunked', { encrypted: false, maxEventBytes: 400 }],
  ['encrypted and chunked', { encrypted: true, maxEventBytes: 500 }],
  ['encrypted, chunked and in Postgres', { encrypted: true, maxEventBytes: 500, inPostgres: true }],
])('%s', (_kind, kind) => {
  const isChunked = kind.maxEventBytes !== undefined;

  it('any JSON payload survives write, store, pump and handler unchanged', async () => {
    await start(kind);
    const payloads = fc.dictionary(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.jsonValue({ maxDepth: 3, noUnicodeString: false }),
      { maxKeys: 12 },
    );
    const padding = { padding: 'x'.repeat(kind.maxEventBytes ?? 0) };
    await fc.assert(
      fc.asyncProperty(payloads, async (given) => {
        // What JSON makes of it is what was given: minus zero is the one number it does not keep.
        const data: unknown = JSON.parse(JSON.stringify({ ...given, ...padding }));
        handled.length = 0;
        const stored = local.eventCount();
        await engine.writer.write(KEY, { data });
        expect(handled).toEqual([data]);
        expect(local.eventCount() - stored > 1).toBe(isChunked);
      }),
      { numRuns: kind.inPostgres ? 5 : 40 },
    );
    expect(await isStoredInParts()).toBe(isChunked);
  });

  const data = { text: 'føroyskt 🔐 '.repeat(100) };

  it('a write whose answer is lost has one effect with an idempotency key', async () => {
    await start(kind);
    local.faults.add({
      kind: 'dropped-connection',
      when: 'after',
      times: 1,
      match: { method: 'POST', path: '/event' },
    });
    const options = { idempotencyKey: 'order-7' };
    const eventId = await engine.writer.write(KEY, { data, options });
    const stored = local.eventCount();
    expect(await engine.writer.write(KEY, { data, options })).toBe(eventId);
    await engine.pumps.drain();
    expect(handled).toEqual([data]);
    expect(local.eventCount()).toBe(stored);
    expect(await isStoredInParts()).toBe(isChunked);
  });

  it('a write through the outbox arrives once', async () => {
    await start(kind);
    await engine.writer.write(KEY, { data, options: { outbox: true } });
    await until(() => handled.length > 0);
    await engine.pumps.drain();
    expect(handled).toEqual([data]);
    expect(await isStoredInParts()).toBe(isChunked);
  });
});
