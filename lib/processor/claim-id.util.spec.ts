import { describe, expect, it } from 'vitest';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { claimIdFor, claimIdOf, idempotencyIdOfChunk } from './claim-id.util.js';

const event = (more: Partial<FlowcoreEvent> = {}): FlowcoreEvent => ({
  eventId: 'e-1',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'shop',
  flowType: 'order.0',
  eventType: 'placed.0',
  metadata: { 'pathways/idempotency-id': 'w-1' },
  payload: { a: 1, b: { c: [1, { d: 2, e: 3 }] } },
  validTime: '',
  ...more,
});

describe('what an event is claimed under', () => {
  it('is its id when nothing else is said', () => {
    expect(claimIdOf(event({ metadata: {} }))).toBe('e-1');
    expect(claimIdOf(event({ metadata: { 'pathways/idempotency-id': '' } }))).toBe('e-1');
    expect(claimIdOf(event({ metadata: { 'pathways/idempotency-id': 7 } }))).toBe('e-1');
  });

  it('is one for all stored copies of a write, whatever became of the order of their keys', () => {
    const copy = event({ eventId: 'e-2', payload: { b: { c: [1, { e: 3, d: 2 }] }, a: 1 } });
    expect(claimIdOf(copy)).toBe(claimIdOf(event()));
    expect(claimIdOf(event())).toMatch(/^idem:w-1:[0-9a-f]{32}$/);
  });

  it('tells items of one request apart, and pathways that share a key', () => {
    const all = [
      event(),
      event({ payload: { a: 2 } }),
      event({ payload: {} }),
      event({ payload: [] }),
      event({ eventType: 'shipped.0' }),
      event({ metadata: { 'pathways/idempotency-id': 'w-2' } }),
    ];
    expect(new Set(all.map(claimIdOf)).size).toBe(all.length);
  });

  it('is what the writer has computed before', () => {
    expect(claimIdFor('w-1', 'order.0/placed.0', event().payload)).toBe(claimIdOf(event()));
  });

  it('of what was put together from parts is that of its chunk, whatever its payload was sealed to', () => {
    const metadata = { 'pathways/idempotency-id': idempotencyIdOfChunk('c-1') };
    expect(claimIdOf(event({ metadata }))).toBe('idem:pathways/chunk/c-1');
    expect(claimIdOf(event({ metadata, payload: { encryptedPayload: 'other' } }))).toBe(
      claimIdOf(event({ metadata })),
    );
  });

  it.each([
    ['U+0000', 'x\0y', 'x\0z'],
    ['half a surrogate pair', 'x\uD800', 'x\uD801'],
    ['more bytes than an index holds', 'é'.repeat(1_001), `${'é'.repeat(1_000)}e2`],
  ])('of an id with %s is one that can be stored, and tells such ids apart', (_what, id, other) => {
    const claims = [id, other].map((each) => claimIdFor(each, 'order.0/placed.0', {}));
    for (const claim of claims) expect(claim).toMatch(/^idem:sha256:[0-9a-f]{64}:[0-9a-f]{32}$/);
    expect(claims[0]).not.toBe(claims[1]);
    expect(claimIdFor(idempotencyIdOfChunk(id), '', undefined)).toMatch(/^idem:sha256:[0-9a-f]{64}$/);
  });

  it('names the id as it is where that can be stored, however odd', () => {
    for (const id of ['Ω 1/2', '😀', ' ', 'x'.repeat(2_000), "'; DROP TABLE x"]) {
      expect(claimIdFor(id, 'order.0/placed.0', {}).slice(0, -33)).toBe(`idem:${id}`);
    }
  });

  it('keeps an own key named __proto__ in the digest', () => {
    const odd = event({ payload: JSON.parse('{"__proto__":{"a":1}}') });
    expect(claimIdOf(odd)).not.toBe(claimIdOf(event({ payload: {} })));
  });
});
