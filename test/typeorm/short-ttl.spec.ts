import { beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger, type PathwayOptions } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';

const postgres = usePostgres();
const { dataSource } = useDataSources(postgres);

beforeEach(() => postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));

interface Settings {
  readonly ttlMs: number;
  readonly lookBackMs?: number;
  readonly handlerTimeoutMs?: number;
  readonly isPumpOff?: boolean;
  readonly isUnhandled?: boolean;
  readonly pathway?: Partial<PathwayOptions>;
}

/** The words about it at the start of an engine. */
async function warningsOf(settings: Settings): Promise<string[]> {
  const { ttlMs, lookBackMs = 0, handlerTimeoutMs = 10, isPumpOff, isUnhandled, pathway } = settings;
  const warnings: string[] = [];
  const engine = new PathwaysEngine({
    baseUrl: 'http://127.0.0.1:9',
    tenant: 'acme',
    dataCore: 'shop',
    store: typeOrmStore({ dataSource: await dataSource(), ttlMs }),
    pump: isPumpOff === true ? false : { lookBackMs },
    handlerTimeoutMs,
    shutdownTimeoutMs: 0,
    logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });
  const contract = { flowType: 'a.0', eventType: 'b.0', maxRetries: 0, ...pathway };
  engine.addContract(createPathwayContract(contract, { declaredBy: 'test' }));
  if (isUnhandled !== true) {
    engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'test', invoke: () => {} });
  }
  try {
    await engine.start();
  } finally {
    await engine.stop();
  }
  return warnings.filter((message) => message.startsWith('Marks are kept'));
}

describe('a warning of marks that are kept too short', () => {
  // Three attempts of 1,000 ms, and between them 100 and 200 ms with a fifth more at most.
  const retries = { maxRetries: 2, retryDelayMs: 100, backoff: 'linear', handlerTimeoutMs: 1_000 } as const;

  it('counts all attempts of a handler, with the waits between them', async () => {
    expect(await warningsOf({ ttlMs: 3_360, pathway: retries })).toEqual([]);
    expect(await warningsOf({ ttlMs: 3_359, pathway: retries })).toEqual([
      expect.stringMatching(
        /kept for 3359 ms, .* again after 3360 ms .* Raise ttlMs .* maxRetries or handlerTimeoutMs/,
      ),
    ]);
  });

  it('counts the time limit of the engine where a pathway has none of its own', async () => {
    expect(await warningsOf({ ttlMs: 4_999, handlerTimeoutMs: 5_000 })).toEqual([
      expect.stringContaining('after 5000 ms'),
    ]);
  });

  it("counts the pump's look back, where there is a pump", async () => {
    expect(await warningsOf({ ttlMs: 60_000, lookBackMs: 60_001 })).toEqual([
      expect.stringContaining('after 60001 ms'),
    ]);
    expect(await warningsOf({ ttlMs: 60_000, lookBackMs: 60_000 })).toEqual([]);
    expect(await warningsOf({ ttlMs: 60_000, lookBackMs: 60_001, isPumpOff: true })).toEqual([]);
  });

  it.each<[string, Settings]>([
    ['a pathway', { ttlMs: 86_400_000, pathway: { handlerTimeoutMs: 0 } }],
    ['the engine', { ttlMs: 86_400_000, handlerTimeoutMs: 0 }],
  ])('says that no time is known to be enough when %s sets no limit', async (_whose, settings) => {
    expect(await warningsOf(settings)).toEqual([
      expect.stringMatching(/at any time later \(a handler has no time limit.*Give handlerTimeoutMs/),
    ]);
  });

  it('leaves out pathways that nothing handles here', async () => {
    expect(await warningsOf({ ttlMs: 1_000, pathway: retries, isUnhandled: true })).toEqual([]);
  });
});
