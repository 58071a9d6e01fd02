import { describe, expect, it } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { EventOutcome } from '../processor/event-delivery.interface.js';
import { PathwayRouter } from './pathway.router.js';
import { SECRET, KEY, event, setUp, failed, invalid, halted } from './pathway.router.spec-util.js';

describe('PathwayRouter.processEvent', () => {
  it('hands the event to its pathway, as a delivery of the webhook', async () => {
    const { router, processor } = setUp();
    await expect(router.processEvent(event(), SECRET)).resolves.toEqual({
      success: true,
      message: `Event processed through pathway ${KEY}`,
    });
    expect(processor.received).toEqual([{ event: event(), delivery: { source: 'webhook', generation: 0 } }]);
  });

  it('answers a redelivery with success, so that the sender stops', async () => {
    await expect(setUp({ status: 'skipped' }).router.processEvent(event(), SECRET)).resolves.toEqual({
      success: true,
      message: expect.stringContaining('already processed'),
    });
  });

  it.each<[string, EventOutcome | Error, number, string]>([
    ['failed handler', { status: 'dead-lettered', error: failed }, 500, 'PATHWAYS_HANDLER_FAILED'],
    ['invalid payload', { status: 'dead-lettered', error: invalid }, 400, 'PATHWAYS_PAYLOAD_INVALID'],
    ['halted pump', { status: 'halted', error: halted }, 500, 'PATHWAYS_HANDLER_FAILED'],
    ['shutdown', { status: 'aborted' }, 503, 'PATHWAYS_NOT_READY'],
  ])('reports a %s', async (_, outcome, httpStatus, code) => {
    await expect(setUp(outcome).router.processEvent(event(), SECRET)).rejects.toMatchObject({
      httpStatus,
      code,
    });
  });

  it('passes on what the store throws: the event is not finished', async () => {
    await expect(setUp(new Error('store down')).router.processEvent(event(), SECRET)).rejects.toThrow(
      'store down',
    );
  });

  it.each([['wrong'], [''], [undefined], [null], [`${SECRET}x`], [SECRET.slice(0, -1)], [[SECRET]], [{}]])(
    'refuses the secret %j before it looks at anything else',
    async (secret) => {
      const { router, processor } = setUp();
      for (const body of [event(), null, 'no event']) {
        await expect(router.processEvent(body, secret)).rejects.toMatchObject({
          httpStatus: 401,
          code: 'PATHWAYS_WEBHOOK_SECRET_INVALID',
        });
        await expect(router.processEvents([body], secret)).rejects.toMatchObject({ httpStatus: 401 });
      }
      expect(processor.received).toEqual([]);
    },
  );

  it('accepts the old and the new secret during a rotation', async () => {
    const { router } = setUp({ status: 'processed' }, ['old', 'new']);
    await expect(router.processEvent(event(), 'old')).resolves.toMatchObject({ success: true });
    await expect(router.processEvent(event(), 'new')).resolves.toMatchObject({ success: true });
  });

  it.each([[''], [' '], [[]], [['ok', '']], [undefined]])(
    'refuses to start with the secret %j',
    (secrets) => {
      const { processor } = setUp();
      expect(() => new PathwayRouter(processor, secrets as string)).toThrow(PathwaysConfigurationError);
    },
  );

  it('answers 404 for a pathway nobody registered', async () => {
    const unknown = setUp().router.processEvent(event({ eventType: 'order.gone.0' }), SECRET);
    await expect(unknown).rejects.toMatchObject({ httpStatus: 404, key: 'order.0/order.gone.0' });
    await expect(unknown).rejects.toThrow(/not found/);
  });
});
