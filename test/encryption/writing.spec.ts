import { inspect } from 'node:util';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import { array, assert, asyncProperty, dictionary, jsonValue, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  OnEvent,
  Pathway,
  PathwaysConfigurationError,
  PathwaysModule,
  PathwayWriter,
  PayloadNotJsonError,
  silentLogger,
  type PathwayEvent,
} from 'nestjs-pathways';
import { until } from '../support/until.js';
import { KEY, MARKERS, RING, services, V1, V2 } from './encryption-bench.js';

const { create, start, startReader } = services();
const order = { orderId: 'o-42', total: 12.5, note: 'føroyskt 🔐' };

describe('a write on an encrypted pathway', () => {
  it('stores ciphertext and markers, and its handler gets what was written', async () => {
    const service = await start({ encryption: RING });
    const metadata = { trace: 't ✓' };
    const eventId = await service.engine.writer.write(KEY, { data: order, metadata });
    expect(service.handled).toMatchObject([{ eventId, payload: order }]);
    expect(service.handled[0]?.metadata).toEqual({ trace: 't ✓' });

    const reader = await startReader();
    await until(() => reader.handled.length === 1);
    expect(reader.handled[0]).toMatchObject({ eventId, metadata: { trace: 't ✓', ...MARKERS } });
    expect(Object.keys(reader.handled[0]?.payload as object)).toEqual(['encryptedPayload']);
    expect(JSON.stringify(reader.handled)).not.toMatch(/o-42|orderId|føroyskt/);
  });

  it('with a key without id names none', async () => {
    const service = await start({ encryption: { key: V1 } });
    await service.engine.writer.write(KEY, { data: order });
    const reader = await startReader();
    await until(() => reader.handled.length === 1);
    expect(reader.handled[0]?.metadata).toEqual({
      'pathways/encrypted': 'true',
      'pathways/encryption-scheme': 'aes-256-gcm-sha256-v1',
    });
  });

  it.each(['pathways/encrypted', 'pathways/encryption-key-id'])(
    'with a forged %s is refused before anything is sent',
    async (marker) => {
      const service = await start({ encryption: RING });
      const write = service.engine.writer.write(KEY, { data: order, metadata: { [marker]: 'false' } });
      await expect(write).rejects.toMatchObject({ code: 'PATHWAYS_WRITE_METADATA_RESERVED' });
    },
  );

  it('of a batch seals each payload by itself, over several requests, in order', async () => {
    const service = await start({ encryption: RING, maxBatchSize: 2 });
    const data = [1, 1, 2, 3, 3].map((total) => ({ total }));
    const eventIds = await service.engine.writer.write(KEY, { batch: true, data });
    expect(service.handled.map(({ eventId }) => eventId)).toEqual(eventIds);
    expect(service.handled.map(({ payload }) => payload)).toEqual(data);
    const reader = await startReader();
    await until(() => reader.handled.length === 5);
    expect(new Set(reader.handled.map(({ payload }) => JSON.stringify(payload))).size).toBe(5);
  });

  it('rotation: events of the old and the new key are read side by side, by a reader that has both', async () => {
    const ring = (activeKeyId: string) => ({ keyring: { activeKeyId, keys: { v1: V1, v2: V2 } } });
    const before = await start({ encryption: ring('v1') });
    await before.engine.writer.write(KEY, { data: { at: 1 } });
    await before.engine.stop();
    const after = await start({ encryption: ring('v2') });
    await after.engine.writer.write(KEY, { data: { at: 2 } });
    expect(after.handled.map(({ payload }) => payload)).toEqual([{ at: 1 }, { at: 2 }]);

    const reader = await startReader();
    await until(() => reader.handled.length === 2);
    expect(reader.handled.map(({ metadata }) => metadata['pathways/encryption-key-id'])).toEqual([
      'v1',
      'v2',
    ]);
  });

  it('reads the plaintext from before the pathway was encrypted', async () => {
    const before = await startReader();
    await before.engine.writer.write(KEY, { data: { at: 1 } });
    const after = await start({ encryption: RING });
    await after.engine.writer.write(KEY, { data: { at: 2 } });
    expect(after.handled.map(({ payload }) => payload)).toEqual([{ at: 1 }, { at: 2 }]);
  });

  it('refuses options that need a payload the platform can read', async () => {
    const { engine } = await start({ encryption: RING, pump: false });
    const write = engine.writer.write(KEY, {
      data: order,
      options: { fireAndForget: true, eventTimeKey: 'at' },
    });
    await expect(write).rejects.toThrow(
      /eventTimeKey names a field of the payload.*because it is encrypted.*with eventTime/,
    );
  });

  it.each([true, false])(
    '(encrypted: %s) refuses what JSON cannot carry, with its path, before anything is sent',
    async (encrypted) => {
      const { engine, handled } = await start({ encryption: RING }, { encrypted });
      const lines = [{ n: 1 }, { n: 2n }];
      const single = engine.writer.write(KEY, { data: { lines } });
      await expect(single).rejects.toThrow(/lines\[1\]\.n: is a bigint/);
      const batch = engine.writer.write(KEY, { batch: true, data: [{ ok: 1 }, { a: NaN }, undefined] });
      await expect(batch).rejects.toThrow(PayloadNotJsonError);
      await expect(batch).rejects.toThrow(/\[1\]\.a: is NaN.*\[2\]: is undefined|\[1\]\.a: is NaN/);
      await engine.writer.write(KEY, { data: { last: true, note: undefined } });
      expect(handled.map(({ payload }) => payload)).toEqual([{ last: true }]);
    },
  );
});

describe('an encrypted pathway without a key', () => {
  it.each([{}, { mode: 'none', key: V1 } as const])(
    'is refused at start, by name (%o)',
    async (encryption) => {
      const { engine } = await create({ encryption });
      await expect(engine.start()).rejects.toThrow(PathwaysConfigurationError);
      await expect(engine.open()).rejects.toThrow(
        /order\.0\/order\.placed\.0 \(class OrderPlaced\): has encrypted: true, and no key/,
      );
    },
  );

  it('is not written before the start either', async () => {
    const { engine } = await create();
    const write = engine.writer.write(KEY, { data: order, options: { fireAndForget: true } });
    await expect(write).rejects.toThrow(PathwaysConfigurationError);
  });

  it('with allowPlaintext is written readable, with a warning at every start', async () => {
    for (const count of [1, 2]) {
      const service = await start({ encryption: { allowPlaintext: true } });
      await service.engine.refresh();
      const warnings = service.log.filter(({ level }) => level === 'warn').map(({ message }) => message);
      expect(warnings).toEqual([
        expect.stringMatching(/^Encryption is off: .*order\.0\/order\.placed\.0.* PLAINTEXT/),
      ]);
      await service.engine.writer.write(KEY, { data: order });
      expect(service.handled).toHaveLength(count);
      expect(service.handled.at(-1)).toMatchObject({ payload: order, metadata: {} });
    }
  });

  it('a provider without an active key stops the start, unless the pathway is only read', async () => {
    const provider = { activeKey: () => Promise.reject(new Error('sealed')), key: () => V1 };
    const { engine } = await create({ encryption: { provider } });
    await expect(engine.start()).rejects.toMatchObject({ code: 'PATHWAYS_ENCRYPTION_KEY_UNAVAILABLE' });
    const reading = await create({ encryption: { provider } }, { writable: false });
    await reading.engine.start();
  });
});

describe('secrets', () => {
  it('are in nothing that prints the options or the engine', async () => {
    const apiKey = 'fc_id_api-key-nobody-may-see';
    const { engine, log } = await start({ apiKey, encryption: { ...RING, key: V1 } });
    await engine.writer.write(KEY, { data: order });
    const printed =
      inspect(engine.options, { depth: Infinity, showHidden: false }) + JSON.stringify(engine.options);
    for (const secret of [V1, V2, apiKey]) expect(printed).not.toContain(secret);
    const everything = inspect([engine, log], { depth: Infinity, showHidden: true });
    for (const secret of [V1, V2]) expect(everything).not.toContain(secret);
  });
});

describe('in the log', () => {
  it.each([true, false])(
    'logPayloads: %s decides about payloads, redact hides metadata',
    async (logPayloads) => {
      const service = await create({ logPayloads, redact: ['EMAIL'] }, { encrypted: false, maxRetries: 0 });
      service.hold = () => {
        throw new Error('no');
      };
      await service.engine.start();
      const metadata = { email: 'ann@example.com', trace: 't-1' };
      await service.engine.writer.write(KEY, { data: order, metadata }).catch(() => {});
      const text = inspect(service.log, { depth: 9 });
      expect(text).toContain("trace: 't-1'");
      expect(text).toContain("email: '***'");
      expect(text).not.toContain('ann@example.com');
      expect(text.includes('o-42')).toBe(logPayloads);
    },
  );
});

describe('the Nest module', () => {
  @Pathway({ flowType: 'patient.0', eventType: 'patient.admitted.0', encrypted: true })
  class PatientAdmitted {
    @IsString() name!: string;
  }
  @Injectable()
  class Ward {
    readonly seen: PathwayEvent<PatientAdmitted>[] = [];
    @OnEvent(PatientAdmitted)
    admit(event: PathwayEvent<PatientAdmitted>): void {
      this.seen.push(event);
    }
  }
  const compile = (options: Parameters<typeof PathwaysModule.forRoot>[0]) =>
    Test.createTestingModule({
      imports: [PathwaysModule.forRoot({ logger: silentLogger, ...options })],
      providers: [Ward],
    }).compile();

  it('encrypts what a decorated class asks for', async () => {
    const app = await compile({ encryption: { key: V1, keyId: 'v1' } });
    await app.init();
    try {
      await app.get(PathwayWriter).write(PatientAdmitted, { data: { name: 'Ann' } });
      expect(app.get(Ward).seen).toMatchObject([{ payload: { name: 'Ann' }, metadata: {} }]);
    } finally {
      await app.close();
    }
  });

  it('does not start without the key', async () => {
    const app = await compile({});
    await expect(app.init()).rejects.toThrow(/patient\.0\/patient\.admitted\.0/);
    await app.close();
  });
});

describe('any JSON payload survives write, store, pump and handler unchanged', () => {
  const payloads = array(dictionary(string({ unit: 'grapheme' }), jsonValue({ maxDepth: 4 })), {
    minLength: 1,
    maxLength: 10,
  });

  it.each([true, false])('encrypted: %s', async (encrypted) => {
    const { engine, handled } = await start({ encryption: RING }, { encrypted });
    const check = asyncProperty(payloads, async (data) => {
      handled.length = 0;
      await engine.writer.write(KEY, { batch: true, data });
      // As JSON texts: -0 is written as 0, as everywhere in JSON.
      expect(handled.map(({ payload }) => JSON.stringify(payload))).toEqual(
        data.map((one) => JSON.stringify(one)),
      );
    });
    await assert(check, { numRuns: 40 });
  });
});
