import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter, EventStatus } from '../../lib/index.js';
import { usePostgres } from '../support/postgres.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
let late: OpenStore;
let other: OpenStore;
let id: string;

beforeEach(async () => {
  id = randomUUID();
  [late, other] = await Promise.all([openStore(database.url), openStore(database.url)]);
});
afterEach(async () => {
  await Promise.all([late.close(), other.close()]);
});

const row = async () =>
  (
    await database.query(
      `SELECT status, processed, generation, claimed_by IS NOT NULL AS claimed FROM pathway_state WHERE event_id = $1`,
      [id],
    )
  )[0];

const marked = (status: EventStatus, generation = 0) => ({
  status,
  processed: status === 'processed',
  generation,
  claimed: false,
});

/** What the time does while an instance is frozen. */
const claimRunsOut = () =>
  database.query(`UPDATE pathway_state SET claimed_until = now() - interval '1 second' WHERE event_id = $1`, [
    id,
  ]);

/** The instance claims the event and freezes for longer than its claim. */
async function frozen(generation = 0): Promise<void> {
  expect(await late.store.state.claim(id, generation)).toBe('claimed');
  await claimRunsOut();
}

async function mark(store: OpenStore, status: EventStatus, generation = 0): Promise<void> {
  await store.store.state.complete(id, generation, status);
  await store.store.state.flush?.();
}

async function end(store: OpenStore, status: EventStatus, generation = 0): Promise<void> {
  expect(await store.store.state.claim(id, generation)).toBe('claimed');
  await mark(store, status, generation);
}

const letter = (): DeadLetter => ({
  eventId: id,
  pathway: 'order.0/order.placed.0',
  event: {
    eventId: id,
    timeBucket: '20260501100000',
    tenant: 'acme',
    dataCoreId: 'core-1',
    flowType: 'order.0',
    eventType: 'order.placed.0',
    metadata: {},
    payload: {},
    validTime: '2026-05-01T10:00:00.000Z',
  },
  source: 'pump',
  orderKey: 'k',
  reason: 'failed',
  error: 'failed',
  fingerprint: 'f',
  attempts: [],
  deadLetteredAt: new Date(0),
  generation: 0,
});

describe('a mark that comes after the claim was taken over', () => {
  it('does not take the place of one of a newer generation, whose event would run again', async () => {
    await frozen();
    await end(other, 'processed', 0);
    await end(other, 'processed', 1);
    await mark(late, 'dead-lettered', 0);
    expect(await row()).toEqual(marked('processed', 1));
    expect(await other.store.state.claim(id, 1)).toBe('processed');
  });

  it.each<[EventStatus, EventStatus]>([
    ['processed', 'dead-lettered'],
    ['dead-lettered', 'processed'],
  ])('leaves %s of the same generation, and does not make it %s', async (made, lost) => {
    await frozen();
    await end(other, made);
    await mark(late, lost);
    expect(await row()).toEqual(marked(made));
  });

  it.each([0, 1])('leaves the claim of a delivery in generation %i', async (generation) => {
    await frozen();
    expect(await other.store.state.claim(id, generation)).toBe('claimed');
    await mark(late, 'processed');
    expect(await row()).toMatchObject({ status: 'claimed', claimed: true });
    await mark(other, 'dead-lettered', generation);
    expect(await row()).toMatchObject({ status: 'dead-lettered', claimed: false });
  });

  it('is not made when it has to be written twice', async () => {
    await frozen();
    await end(other, 'dead-lettered');
    await database.query('ALTER TABLE pathway_state RENAME TO pathway_state_away');
    await expect(mark(late, 'processed')).rejects.toThrow('pathway_state');
    await late.store.state.complete(id, 0, 'processed');
    await database.query('ALTER TABLE pathway_state_away RENAME TO pathway_state');
    await late.store.state.flush?.();
    expect(await row()).toEqual(marked('dead-lettered'));
  });

  it('counts when nobody has ended the event: it was given up again', async () => {
    await frozen(1);
    expect(await other.store.state.claim(id, 1)).toBe('claimed');
    await other.store.state.release(id);
    await mark(late, 'processed', 1);
    expect(await row()).toEqual(marked('processed', 1));
  });

  it('counts when nobody has taken the claim over', async () => {
    await frozen();
    await mark(late, 'processed');
    expect(await row()).toEqual(marked('processed'));
  });

  it('leaves what a transaction has processed', async () => {
    await frozen();
    const claim = { eventId: id, generation: 0, purpose: 'delivery' } as const;
    expect(await other.store.transactions.run(claim, async () => {})).toBe('claimed');
    await mark(late, 'dead-lettered');
    expect(await row()).toEqual(marked('processed'));
  });
});

describe('a dead letter that comes after the claim was taken over', () => {
  it('is not kept: it would hold back its key for an event that is processed', async () => {
    await frozen();
    await end(other, 'processed');
    await late.store.endAsDeadLetter(letter(), 0);
    expect(await row()).toEqual(marked('processed'));
    expect(await other.store.deadLetters.get(id)).toBeUndefined();
  });

  it('is left to whoever handles the event now', async () => {
    await frozen();
    expect(await other.store.state.claim(id, 0)).toBe('claimed');
    await late.store.endAsDeadLetter(letter(), 0);
    expect(await row()).toMatchObject({ status: 'claimed', claimed: true });
    await other.store.endAsDeadLetter({ ...letter(), error: 'its own' }, 0);
    expect(await row()).toEqual(marked('dead-lettered'));
    expect((await other.store.deadLetters.get(id))?.error).toBe('its own');
  });

  it('is not kept when it ends a rolled-back transaction whose event another one has processed', async () => {
    await end(other, 'processed');
    await late.store.endAsDeadLetter(letter(), 0);
    expect(await row()).toEqual(marked('processed'));
    expect(await other.store.deadLetters.get(id)).toBeUndefined();
  });
});

describe('a mark without a claim', () => {
  it('leaves the claim of another instance, and is put back when that is given up', async () => {
    expect(await other.store.state.claim(id, 0)).toBe('claimed');
    await mark(late, 'processed');
    expect(await row()).toEqual({ ...marked('processed'), claimed: true });
    await other.store.state.release(id);
    expect(await row()).toEqual(marked('processed'));
  });

  it('processes what the reference has begun, and does not undo what it has processed', async () => {
    const begun = `INSERT INTO pathway_state (event_id, processed, expires_at) VALUES ($1, $2, now() + interval '1 hour')`;
    await database.query(begun, [id, false]);
    await mark(late, 'processed');
    expect(await row()).toEqual(marked('processed'));
    id = randomUUID();
    await database.query(begun, [id, true]);
    await mark(late, 'dead-lettered');
    expect(await row()).toMatchObject({ status: null, processed: true });
    expect(await other.store.state.claim(id, 0)).toBe('processed');
  });
});

it('a claim ends with an older mark too, which leaves the newer one', async () => {
  await end(other, 'dead-lettered', 3);
  expect(await late.store.state.claim(id, 2, 'replay')).toBe('claimed');
  await mark(late, 'processed', 2);
  expect(await row()).toEqual(marked('dead-lettered', 3));
  expect(await other.store.state.claim(id, 3, 'replay')).toBe('claimed');
});
