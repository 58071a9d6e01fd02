import { PathwaysBuilder, PathwayRouter as ReferenceRouter } from '@flowcore/pathways';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPathwayContract, PathwayRouter, PathwaysEngine } from 'nestjs-pathways';

const SECRET = 'shared-secret';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const schema = z.object({ name: z.string() });

/** What a sender can tell: accepted or not, and whether the handler ran. */
interface Outcome {
  readonly accepted: boolean;
  readonly handled: readonly unknown[];
}

async function reference(body: object, secret: string): Promise<Outcome> {
  const handled: unknown[] = [];
  const builder = new PathwaysBuilder({
    baseUrl: 'http://127.0.0.1:9',
    tenant: 't',
    dataCore: 'd',
    apiKey: 'k',
  })
    .register({ flowType: 'user.0', eventType: 'created.0', schema, maxRetries: 0 })
    .handle('user.0/created.0', async (event) => {
      if (event.payload.name === 'broken') throw new Error('handler failed');
      handled.push(event.payload);
    });
  const router = new ReferenceRouter(builder as never, SECRET);
  return outcomeOf(() => router.processEvent(structuredClone(body) as never, secret), handled);
}

async function ours(body: object, secret: string): Promise<Outcome> {
  const handled: unknown[] = [];
  const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: quiet });
  engine.addContract(
    createPathwayContract(
      { flowType: 'user.0', eventType: 'created.0', schema: schema as never, maxRetries: 0 },
      { declaredBy: 'test' },
    ),
  );
  engine.handlers.addHandler({
    pathway: 'user.0/created.0',
    where: 'test',
    invoke: async ({ payload }) => {
      if ((payload as { name: string }).name === 'broken') throw new Error('handler failed');
      handled.push(payload);
    },
  });
  const router = new PathwayRouter(engine.processor, SECRET);
  return outcomeOf(() => router.processEvent(structuredClone(body), secret), handled);
}

async function outcomeOf(process: () => Promise<unknown>, handled: unknown[]): Promise<Outcome> {
  const accepted = await process().then(
    (result) => (result as { success?: boolean }).success === true,
    () => false,
  );
  return { accepted, handled };
}

const event = {
  eventId: 'bde7ac07-4548-11f1-9234-0123456789ab',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: '0f0e0d0c-0b0a-4908-8706-050403020100',
  flowType: 'user.0',
  eventType: 'created.0',
  metadata: {},
  payload: { name: 'Ada' },
  validTime: '2026-05-01T10:30:15.123Z',
};
const { flowType: _flowType, ...withoutFlowType } = event;

describe('the same body, posted to the reference router and to ours, ends the same', () => {
  it.each([
    ['a good event', event, SECRET, { accepted: true, handled: [{ name: 'Ada' }] }],
    [
      'a legacy event',
      { ...withoutFlowType, aggregator: 'user.0' },
      SECRET,
      { accepted: true, handled: [{ name: 'Ada' }] },
    ],
    ['a wrong secret', event, 'wrong', { accepted: false, handled: [] }],
    ['an unknown pathway', { ...event, eventType: 'deleted.0' }, SECRET, { accepted: false, handled: [] }],
    ['an invalid payload', { ...event, payload: { name: 7 } }, SECRET, { accepted: false, handled: [] }],
    [
      'a failing handler',
      { ...event, payload: { name: 'broken' } },
      SECRET,
      { accepted: false, handled: [] },
    ],
  ])('%s', async (_what, body, secret, outcome) => {
    expect(await reference(body, secret)).toEqual(outcome);
    expect(await ours(body, secret)).toEqual(outcome);
  });
});
