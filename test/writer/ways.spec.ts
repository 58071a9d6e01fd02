import { createPathwayContract, PathwaysEngine, silentLogger, type PathwayEvent } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

interface Taken {
  readonly n: number;
  readonly takenAt?: string;
  readonly validFrom?: string;
}
const KEY = 'reading.0/taken.0';

let local: LocalFlowcore;
let engine: PathwaysEngine;
let handled: PathwayEvent<Taken>[];

beforeEach(async () => {
  local = await startLocalFlowcore();
  handled = [];
});
afterEach(async () => {
  await engine.stop();
  await local.stop();
});

async function start(given: { module?: boolean; pathway?: boolean } = {}): Promise<void> {
  engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
    pump: { startFrom: 'beginning' },
    ...(given.module !== undefined && { outbox: given.module }),
  });
  const options = { flowType: 'reading.0', eventType: 'taken.0' };
  engine.addContract(
    createPathwayContract<Taken>(
      { ...options, ...(given.pathway !== undefined && { outbox: given.pathway }) },
      { declaredBy: 'test' },
    ),
  );
  engine.handlers.addHandler({
    pathway: KEY,
    where: 'Test.handle',
    invoke: (event) => void handled.push(event as PathwayEvent<Taken>),
  });
  await engine.start();
}

const WAYS = [
  ['plain', {}],
  ['with an idempotency key', { idempotencyKey: 'k' }],
  ['through the outbox', { outbox: true }],
  ['through the outbox, with a key', { outbox: true, idempotencyKey: 'k' }],
] as const;

describe.each(WAYS)('a write that goes %s', (_way, way) => {
  it('stores the same metadata: values that JSON has no word for as text, and what has no text not at all', async () => {
    await start();
    const metadata = { big: 10n, text: 'grün', list: [1, null], is: true, none: undefined, no: () => 1 };
    await engine.writer.write(KEY, { data: { n: 1 }, metadata, options: { ...way, fireAndForget: true } });
    await until(() => handled.length === 1);
    const own = Object.entries(handled[0]?.metadata ?? {}).filter(([key]) => !key.startsWith('pathways/'));
    expect(Object.fromEntries(own)).toEqual({ big: '10', text: 'grün', list: '[1,null]', is: 'true' });
  });

  it('backfills: the events of a batch lie where their own time fields say', async () => {
    await start();
    const days = ['2026-01-05', '2026-03-07', '2026-03-07', '2025-12-31'];
    const data = days.map((day, n) => ({
      n,
      takenAt: `${day}T0${n}:30:00.000Z`,
      validFrom: `2020-0${n + 1}-01T00:00:00.000Z`,
    }));
    await engine.writer.write(KEY, {
      batch: true,
      data,
      options: { ...way, fireAndForget: true, eventTimeKey: 'takenAt', validTimeKey: 'validFrom' },
    });
    await until(() => handled.length === data.length);
    const bucketOf = ({ takenAt }: (typeof data)[number]) =>
      `${takenAt.slice(0, 13).replaceAll(/[-T]/g, '')}0000`;
    const places = handled.map(({ payload: { n }, timeBucket, validTime }) => [n, timeBucket, validTime]);
    expect(places.toSorted()).toEqual(data.map((item) => [item.n, bucketOf(item), item.validFrom]));
  });
});

describe('whether a write goes through the outbox is said', () => {
  const said = [undefined, true, false] as const;
  const cases = said.flatMap((module) =>
    said.flatMap((pathway) => said.map((write) => ({ module, pathway, write }))),
  );
  it.each(cases)(
    'by the write, else its pathway, else the module: $write, $pathway, $module',
    async (given) => {
      const { module, pathway, write } = given;
      await start({ ...(module !== undefined && { module }), ...(pathway !== undefined && { pathway }) });
      const options = { fireAndForget: true, ...(write !== undefined && { outbox: write }) };
      const id: string = await engine.writer.write(KEY, { data: { n: 1 }, options });
      expect(id.startsWith('outbox:')).toBe(write ?? pathway ?? module ?? false);
    },
  );
});
