import { EVERY_KEY } from '../../lib/processor/pump-processor.interface.js';
import { inspect } from 'node:util';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  EncryptionKeyUnavailableError,
  PathwayRouter,
  PayloadUndecryptableError,
  type EventDelivery,
  type FlowcoreEvent,
  type KeyProvider,
} from 'nestjs-pathways';
import { until } from '../support/until.js';
import {
  delivered,
  frozen,
  KEY,
  MARKERS,
  RING,
  services,
  V1,
  V2,
  VECTOR_C,
  type Service,
} from './encryption-bench.js';

const delivery: EventDelivery = { source: 'order.0::default', generation: 0 };
const { create, start } = services();

const process = ({ engine }: Service, event: FlowcoreEvent, purpose: EventDelivery['purpose'] = 'delivery') =>
  engine.processor.process(event, { ...delivery, purpose });

async function outcomeOf(event: FlowcoreEvent): Promise<string> {
  const outcome = await process(await create({ encryption: RING }), event);
  return outcome.status === 'dead-lettered'
    ? (outcome.error as PayloadUndecryptableError).reason
    : outcome.status;
}

describe('an encrypted event', () => {
  it('reaches the handler decrypted and without the markers; the delivered event is not changed', async () => {
    const service = await create({ encryption: RING });
    const event = delivered();
    const before = structuredClone(event);
    expect(await process(service, event)).toEqual({ status: 'processed' });
    expect(service.handled).toMatchObject([{ payload: VECTOR_C }]);
    expect(service.handled[0]?.metadata).toEqual({ trace: 't-1' });
    expect(event).toEqual(before);
  });

  it('delivered again in a later generation is decrypted again', async () => {
    const service = await create({ encryption: RING });
    const event = delivered();
    await process(service, event);
    await service.engine.processor.process(event, { ...delivery, generation: 1 });
    await service.engine.processor.process(frozen(structuredClone(event)), { ...delivery, generation: 2 });
    expect(service.handled.map(({ payload }) => payload)).toEqual([VECTOR_C, VECTOR_C, VECTOR_C]);
  });

  const { encryptedPayload } = delivered().payload as { encryptedPayload: string };
  it('may be the bare text, and its marker may be true instead of "true"', async () => {
    const service = await create({ encryption: RING });
    await process(
      service,
      delivered({ payload: encryptedPayload, metadata: { ...MARKERS, 'pathways/encrypted': true } }),
    );
    expect(service.handled).toMatchObject([{ payload: VECTOR_C, metadata: {} }]);
  });

  it('as bare text passes the webhook too, and a text that is not marked does not', async () => {
    const service = await create({ encryption: RING });
    const router = new PathwayRouter(service.engine.processor, 'hook-secret');
    await router.processEvent(delivered({ payload: encryptedPayload }), 'hook-secret');
    expect(service.handled).toMatchObject([{ payload: VECTOR_C }]);
    const unmarked = delivered({ payload: encryptedPayload, metadata: {} });
    await expect(router.processEvent(unmarked, 'hook-secret')).rejects.toMatchObject({
      code: 'PATHWAYS_EVENT_MALFORMED',
    });
  });

  it('that is not marked is from before the encryption, and read as it is', async () => {
    const service = await create({ encryption: RING });
    for (const metadata of [{}, { 'pathways/encrypted': 'false' }])
      await process(service, delivered({ payload: { old: true }, metadata }));
    expect(service.handled.map(({ payload }) => payload)).toEqual([{ old: true }, { old: true }]);
  });

  it('of a pathway that is not registered as encrypted is left alone', async () => {
    const service = await create({ encryption: RING }, { encrypted: false });
    const event = delivered();
    await process(service, event);
    expect(service.handled).toEqual([event]);
  });

  it('whose scheme is unknown or missing is read: there is one scheme', async () => {
    const service = await create({ encryption: RING });
    await process(service, delivered({ metadata: { ...MARKERS, 'pathways/encryption-scheme': 'rot13' } }));
    expect(service.handled).toMatchObject([{ payload: VECTOR_C, metadata: {} }]);
  });
});

describe('an event that can never be read', () => {
  const parts = 'AAECAwQFBgcICQoL.iVxy35KTaTAWMRrYOtUA3vHQhI93xZwuG8gtf0v1zh9FYpfuJpWgWA==';
  it.each<[string, Partial<FlowcoreEvent>, string]>([
    [
      'v2 text with key id v1',
      { metadata: { ...MARKERS, 'pathways/encryption-key-id': 'v1' } },
      'not-opened',
    ],
    [
      'a flipped bit of the tag',
      { payload: { encryptedPayload: `${parts}.bnfIqjgHyTq1UDKBPoRrjg==` } },
      'not-opened',
    ],
    ['key id v9', { metadata: { ...MARKERS, 'pathways/encryption-key-id': 'v9' } }, 'unknown-key'],
    ['no key id, only a keyring', { metadata: { 'pathways/encrypted': 'true' } }, 'key-id-missing'],
    ['two parts', { payload: { encryptedPayload: parts } }, 'malformed'],
    ['no envelope', { payload: { orderId: 'o-1' } }, 'no-envelope'],
    ['an envelope that is no text', { payload: { encryptedPayload: 5 } }, 'no-envelope'],
  ])('%s is a dead letter', async (_what, overrides, reason) => {
    expect(await outcomeOf(delivered(overrides))).toBe(reason);
  });

  it('is kept as it was delivered, and says what to do; replayed with the key, it is handled', async () => {
    const secrets: Record<string, string | undefined> = { v1: V1 };
    const resolveKey = (id: string) => secrets[id];
    const service = await create({ encryption: { keyring: { activeKeyId: 'v1', resolveKey } } });
    const event = delivered();
    const outcome = await process(service, event);
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: { name: 'PayloadUndecryptableError', keyId: 'v2' },
    });
    const { letters } = await service.engine.deadLetters.list();
    expect(letters).toMatchObject([
      { reason: 'invalid', event, attempts: [{ errorName: 'PayloadUndecryptableError' }] },
    ]);
    expect(letters[0]?.error).toMatch(
      /Unknown encryption key ID "v2"\. Add that key to encryption\.keyring .*replay/,
    );

    secrets['v2'] = V2;
    const { replayed, failed } = await service.engine.deadLetters.replay(event.eventId);
    expect([replayed.length, failed.length]).toEqual([1, 0]);
    expect(service.handled).toMatchObject([{ payload: VECTOR_C, metadata: { trace: 't-1' } }]);
    expect(await service.engine.deadLetters.count()).toBe(0);
  });

  it('because there is no key at all names the options', async () => {
    const outcome = await process(await create({ encryption: { allowPlaintext: true } }), delivered());
    expect(outcome).toMatchObject({ status: 'dead-lettered', error: { reason: 'no-key' } });
  });

  it('because it is no JSON does not quote the plaintext', async () => {
    const service = await create({ encryption: RING });
    const { cipher } = service.engine.options.encryption;
    const sealed = await cipher?.seal('tell-nobody, and no JSON');
    const outcome = await process(service, delivered({ payload: sealed?.text }));
    expect(outcome).toMatchObject({ error: { reason: 'not-json' } });
    expect(outcome).not.toHaveProperty('error.cause');
    expect(
      inspect([outcome, service.log, await service.engine.deadLetters.list()], { depth: 9 }),
    ).not.toContain('tell-nobody');
  });

  it('because its payload breaks the schema does not quote the value, in the log, the letter or a debug line', async () => {
    const schema = v.object({ id: v.number('order-1 is no number'), note: v.literal('x') });
    const service = await create({ encryption: RING, logPayloads: true }, { schema } as never);
    const outcome = await process(service, delivered());
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: { issues: [{ path: 'id' }, { path: 'note' }] },
    });
    const kept = await service.engine.deadLetters.list();
    expect(inspect([outcome, service.log, kept], { depth: 9 })).not.toMatch(/order-1|føroyskt/);
    expect(inspect(service.log, { depth: 9 })).toContain('encryptedPayload');
  });
});

describe('a key that cannot be had just now', () => {
  function vault() {
    const state = { failures: 0, asked: 0 };
    const provider: KeyProvider = {
      activeKey: async () => ({ id: 'v2', secret: V2 }),
      key: async (id) => {
        state.asked++;
        if (state.failures-- > 0) throw new Error('ECONNRESET');
        return id === 'v2' ? V2 : undefined;
      },
    };
    return { state, provider };
  }

  it('leaves the event unfinished, and no claim behind: the next delivery handles it', async () => {
    const { state, provider } = vault();
    const service = await create({ encryption: { provider } });
    const event = delivered();
    state.failures = 1;
    await expect(process(service, event)).rejects.toThrow(EncryptionKeyUnavailableError);
    expect(await service.engine.deadLetters.count()).toBe(0);
    expect(await process(service, event)).toEqual({ status: 'processed' });
    expect(service.handled).toMatchObject([{ payload: VECTOR_C }]);
  });

  it('is answered with 503 by the webhook', async () => {
    const { state, provider } = vault();
    const service = await create({ encryption: { provider } });
    state.failures = 1;
    const router = new PathwayRouter(service.engine.processor, 'hook-secret');
    await expect(router.processEvent(delivered(), 'hook-secret')).rejects.toMatchObject({ httpStatus: 503 });
  });

  it('holds the pump up until it can be had; orderBy gets readable payloads only, and each is fetched once', async () => {
    const writer = await start({ encryption: RING, pump: false });
    const data = ['a', 'b', 'a'].map((customer, at) => ({ customer, at }));
    await writer.engine.writer.write(KEY, { batch: true, data, options: { fireAndForget: true } });

    const { state, provider } = vault();
    state.failures = 1;
    const seen = new Set<unknown>();
    const service = await create(
      { encryption: { provider }, pump: { startFrom: 'beginning', concurrency: 4 } },
      {
        orderBy: ({ payload }: { payload: { customer: string } }) => {
          seen.add(payload.customer);
          return payload.customer;
        },
      } as never,
    );
    // The first of a waits until the one of b has come: they have different keys, so they run side by side.
    service.hold = () =>
      until(() => service.handled.some(({ payload }) => (payload as { at: number }).at === 1));
    await service.engine.start();
    await until(() => service.handled.length === 3);
    expect(service.handled.map(({ payload }) => payload)).toEqual(data);
    expect([...seen]).toEqual(['a', 'b']);
    expect(state.asked).toBe(2);
    expect(await service.engine.deadLetters.count()).toBe(0);
  });
});

describe('order', () => {
  it('an encrypted event waits behind the dead letter of its key, which is in the payload', async () => {
    const service = await create({ encryption: RING }, {
      maxRetries: 0,
      orderBy: ({ payload }: { payload: { id: string } }) => payload.id,
    } as never);
    service.hold = () => {
      throw new Error('no');
    };
    const [first, second] = [delivered(), delivered()];
    await process(service, first);
    await process(service, second);
    const { letters } = await service.engine.deadLetters.list();
    expect(letters).toMatchObject([
      { eventId: first.eventId, reason: 'failed', orderKey: 'order-1', event: first },
      { eventId: second.eventId, reason: 'parked', orderKey: 'order-1', event: second },
    ]);
  });

  it('an event that cannot be read has no key: orderBy never sees ciphertext', async () => {
    const seen: unknown[] = [];
    const service = await create({ encryption: RING }, {
      orderBy: ({ payload }: FlowcoreEvent) => (seen.push(payload), 'k'),
    } as never);
    const event = delivered({ metadata: { ...MARKERS, 'pathways/encryption-key-id': 'v9' } });
    expect(service.engine.processor.prepare(event)).toBeUndefined();
    // Nobody knows where it stands among the keys, so it runs alone.
    expect(service.engine.processor.orderKey(event)).toBe(EVERY_KEY);
    await process(service, event);
    expect(seen).toEqual([]);
    expect(service.log.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
