import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PayloadNotJsonError,
  PathwaysEngine,
  PlatformRequestError,
  silentLogger,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { failureOf } from '../support/failure-of.js';

const KEY = 'thing.0/kept.0';
const FILE_KEY = 'thing.0/scanned.0';

/** Writer, platform, pump and handler, without a schema: what was written is what must arrive. */
describe('odd payloads through writer, platform, pump and handler', () => {
  let local: LocalFlowcore;
  let engine: PathwaysEngine;
  let handled: unknown[];

  beforeEach(async () => {
    local = await startLocalFlowcore();
    handled = [];
    engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
      pump: { startFrom: 'beginning' },
    });
    engine.addContract(
      createPathwayContract({ flowType: 'thing.0', eventType: 'kept.0' }, { declaredBy: 'test' }),
    );
    const file = { flowType: 'thing.0', eventType: 'scanned.0', isFilePathway: true };
    engine.addContract(createPathwayContract(file, { declaredBy: 'test' }));
    for (const pathway of [KEY, FILE_KEY] as const) {
      const invoke = ({ payload }: { payload: unknown }) => void handled.push(payload);
      engine.handlers.addHandler({ pathway, where: 'Test.handle', invoke });
    }
    await engine.start();
  });
  afterEach(async () => {
    await engine.stop();
    await local.stop();
  });

  async function throughEverything(data: unknown): Promise<unknown> {
    await engine.writer.write(KEY, { data });
    return handled[0];
  }

  const ring: Record<string, unknown> = { name: 'ring' };
  ring['self'] = { again: ring };
  let nested: unknown = 'bottom';
  for (let depth = 0; depth < 500; depth++) nested = { nested };

  it.each<[string, unknown]>([
    ['multi-byte text', { text: 'Þórshöfn – 麵包 ümläut שלום', 'schlüssel 鍵': 'é' }],
    ['emoji, a joined one and a lone surrogate', { text: '🚀👩‍👩‍👧‍👦', half: '\ud83d' }],
    ['an empty object', {}],
    ['empty values', { text: '', list: [], object: {}, nothing: null, zero: 0, no: false }],
    ['500 levels', { nested }],
    ['control characters and separators', { text: '\u0000\u001f\u2028\u2029"\\/' }],
    ['numbers at the edges', { values: [Number.MAX_SAFE_INTEGER, 5e-324, 1.7976931348623157e308, -1] }],
    ['keys that objects have anyway', JSON.parse('{"constructor":1,"toString":"a","then":"b"}')],
  ])('%s arrives unchanged', async (_, data) => {
    expect(await throughEverything(data)).toEqual(data);
  });

  it('the sign of zero is the one thing of a number that JSON does not keep', async () => {
    expect(await throughEverything({ zero: -0 })).toEqual({ zero: 0 });
  });

  it('a key __proto__ arrives as a key, and changes no prototype', async () => {
    const arrived = await throughEverything(
      JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":1}}'),
    );
    expect(Object.keys(arrived as object)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(arrived)).toBe('{"__proto__":{"polluted":true},"a":{"__proto__":1}}');
  });

  it('what JSON gives a meaning arrives in it: dates as text, undefined not at all', async () => {
    const data = { at: new Date('2026-05-01T10:00:00.123Z'), missing: undefined };
    expect(await throughEverything(data)).toStrictEqual({ at: '2026-05-01T10:00:00.123Z' });
  });

  const unstorable: [string, Record<string, unknown>, string][] = [
    ['a bigint', { lines: [{ amount: 1 }, { 'amount.net': 10n }] }, 'lines[1]["amount.net"]: is a bigint'],
    ['NaN', { total: Number.NaN }, 'total: is NaN, which JSON stores as null'],
    ['undefined in a list', { list: [undefined] }, 'list[0]: is undefined, which JSON stores as null'],
    ['a Map', { map: new Map([['a', 1]]) }, 'map: is a Map'],
    ['a cycle further down', { ring }, 'ring.self.again: is part of itself'],
    [
      'a bigint beside an invalid date',
      { a: { at: new Date(Number.NaN), n: 1n } },
      'a.at: is an invalid Date; a.n: is a bigint',
    ],
    [
      'a toJSON that throws',
      {
        odd: {
          toJSON() {
            throw new Error('no form');
          },
        },
      },
      'odd: its toJSON threw Error',
    ],
  ];

  it.each<[string, unknown, string]>([
    ...unstorable,
    ['a cycle', ring, 'self.again: is part of itself'],
    ['nothing', undefined, 'is missing, not an object'],
    ['null', null, 'is null, not an object'],
    ['text', 'text', 'is a string, not an object'],
    ['an array', [1], 'is an array, not an object'],
  ])('%s is refused with its place before anything is sent', async (_, data, place) => {
    const error = await failureOf(engine.writer.write(KEY, { data }), PayloadNotJsonError);
    expect(error.message).toContain(`The payload for ${KEY} cannot be stored as JSON: ${place}`);
    expect(error.httpStatus).toBe(400);
    expect(local.eventCount()).toBe(0);
  });

  it.each(unstorable)(
    '%s beside a file is refused with its place before anything is sent',
    async (_, own, place) => {
      const data = { ...own, fileId: 'f-1', fileName: 'a.txt', fileContent: Buffer.from('a') };
      const error = await failureOf(engine.writer.write(FILE_KEY, { data }), PayloadNotJsonError);
      expect(error.message).toContain(`The payload for ${FILE_KEY} cannot be stored as JSON: ${place}`);
      expect(local.eventCount()).toBe(0);
    },
  );

  it('one bigint in the last request of a batch refuses all of it, the first requests included', async () => {
    const data = Array.from({ length: 60 }, (_item, at) => ({ at: at === 59 ? 59n : at }));
    const error = await failureOf(engine.writer.write(KEY, { batch: true, data }), PayloadNotJsonError);
    expect(error.issues).toMatchObject([{ path: expect.stringMatching(/59.*at/) }]);
    expect(local.eventCount()).toBe(0);
  });

  it('what JSON gives a meaning arrives in it beside a file, too', async () => {
    const own = { at: new Date('2026-05-01T10:00:00.123Z'), missing: undefined, line: { zero: 0 } };
    const data = { ...own, fileId: 'f-1', fileName: 'a.txt', fileContent: Buffer.from('a') };
    await engine.writer.write(FILE_KEY, { data });
    const { at, line } = handled[0] as typeof own;
    expect([at, line, 'missing' in (handled[0] as object)]).toEqual([own.at.toISOString(), own.line, false]);
  });

  it('the same object twice is no cycle', async () => {
    const line = { sku: 'tea' };
    expect(await throughEverything({ first: line, second: line })).toEqual({ first: line, second: line });
  });

  const ofBytes = (bytes: number) => ({ text: 'x'.repeat(bytes - JSON.stringify({ text: '' }).length) });

  it('an event of 64,000 bytes arrives', async () => {
    const data = ofBytes(64_000);
    expect(Buffer.byteLength(JSON.stringify(data))).toBe(64_000);
    expect(await throughEverything(data)).toEqual(data);
  });

  it.each([
    ['one of 64,001 bytes', { ...ofBytes(64_001) }],
    ['one of 40,000 characters of three bytes: bytes count, not characters', { text: '麵'.repeat(40_000) }],
    ['one of a megabyte', { ...ofBytes(1_048_576) }],
  ])('%s arrives whole, although the platform takes it in parts', async (_, data) => {
    expect(await throughEverything(data)).toEqual(data);
    expect(handled).toHaveLength(1);
    expect(local.eventCount()).toBeGreaterThan(1);
  });

  it('one of 64,001 bytes that may not be split is refused by the platform, and the message says why', async () => {
    const whole = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
      pump: false,
      chunking: { enabled: false },
    });
    whole.addContract(
      createPathwayContract({ flowType: 'thing.0', eventType: 'kept.0' }, { declaredBy: 'test' }),
    );
    const options = { fireAndForget: true };
    const write = whole.writer.write(KEY, { data: ofBytes(64_001), options });
    const error = await failureOf(write, PlatformRequestError);
    await whole.stop();
    expect(error.status).toBe(400);
    expect(error.message).toMatch(/Event size exceeds maximum limit of 64000 bytes.*correct what it names/);
    expect(local.eventCount()).toBe(0);
  });
});
