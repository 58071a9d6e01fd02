import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlatformUnauthorizedError, ProvisioningFailedError, type PathwayOptions } from '../../lib/index.js';
import { startLocalFlowcore, type FaultOptions, type LocalFlowcore } from '../../lib/local/index.js';
import type { ProvisioningOptions } from '../../lib/provisioning/provisioning.options.js';
import { failureOf } from '../support/failure-of.js';
import { OWNED, PLACED, ProvisionerBench } from './support/provisioner-bench.js';

// What every answer comes to, for every request of provisioning. One that is retried where it should end holds up each start;
// one that ends the start where it should be retried makes a deployment fail for a moment's trouble.

let local: LocalFlowcore;
let bench: ProvisionerBench;

beforeEach(async () => {
  local = await startLocalFlowcore({ strict: true, tenants: ['acme'] });
  bench = new ProvisionerBench(local.url);
});
afterEach(async () => {
  await bench.close();
  await local.stop();
});

/** Attempts, as `provisionRetry.maxAttempts` says by default. */
const ATTEMPTS = 3;
const LEVELS = [
  ['data core', /data-cores/],
  ['flow type', /flow-types/],
  ['event type', /event-types/],
] as const;
const RETRIED = [429, 503, 'dropped'] as const;
type Trouble = number | 'dropped';

function strike(trouble: Trouble, match: { method: string; path: RegExp }, times?: number) {
  const how = times === undefined ? { match } : { match, times };
  const fault: FaultOptions =
    trouble === 'dropped'
      ? { kind: 'dropped-connection', ...how }
      : { kind: 'status', status: trouble, ...how };
  return local.faults.add(fault);
}

const provision = (options = OWNED, pathway = PLACED) => bench.create(options)(pathway);
/** As `OWNED` and `PLACED`, with another description everywhere. */
const REWORDED: ProvisioningOptions = { dataCoreDescription: 'The new shop' };
const REWORDED_PLACED: PathwayOptions = {
  ...PLACED,
  flowTypeDescription: 'New orders',
  description: 'A new order',
};

describe.each(LEVELS)('%s', (_, path) => {
  const read = { method: 'GET', path };
  const create = { method: 'POST', path };
  const describing = { method: 'PATCH', path };
  const reword = () => provision(REWORDED, REWORDED_PLACED);

  it.each([401, 403])('%s ends the start at once, whatever was asked', async (status) => {
    for (const match of [read, create]) {
      const fault = strike(status, match);
      await failureOf(provision({ ...OWNED, provisionFailure: 'continue' }), PlatformUnauthorizedError);
      expect(fault.hits).toBe(1);
      fault.remove();
    }
    await provision();
    const fault = strike(status, describing);
    await failureOf(reword(), PlatformUnauthorizedError);
    expect(fault.hits).toBe(1);
  });

  describe('a look-up', () => {
    it('that is answered with 404 says that it is missing, so that it is created', async () => {
      const fault = strike(404, read);
      expect(await provision()).toBe('complete');
      expect(fault.hits).toBe(1);
    });

    it('that is answered with 409 is not retried within the start, which goes on without', async () => {
      const fault = strike(409, read);
      expect(await provision()).toBe('interrupted');
      expect(fault.hits).toBe(1);
    });

    it.each(RETRIED)('that ends in %s is retried, and then an outage', async (trouble) => {
      const fault = strike(trouble, read);
      expect(await provision()).toBe('interrupted');
      expect(fault.hits).toBe(ATTEMPTS);
    });

    it.each(RETRIED)('that ends in %s but for the last attempt succeeds', async (trouble) => {
      const fault = strike(trouble, read, ATTEMPTS - 1);
      expect(await provision()).toBe('complete');
      expect(fault.hits).toBe(ATTEMPTS - 1);
    });
  });

  describe('making it', () => {
    it.each([404, 409])('is refused with %s, once, and ends the start', async (status) => {
      const fault = strike(status, create);
      await failureOf(provision(), ProvisioningFailedError);
      expect(fault.hits).toBe(1);
      fault.remove();
      expect(await provision()).toBe('complete');
    });

    it('is refused with 409 because another instance was faster, and succeeds', async () => {
      const fault = local.faults.add({ kind: 'status', status: 409, when: 'after', match: create });
      expect(await provision()).toBe('complete');
      expect(fault.hits).toBe(1);
    });

    it.each(RETRIED)('ends in %s, is retried, and ends the start', async (trouble) => {
      const fault = strike(trouble, create);
      await failureOf(provision(), ProvisioningFailedError);
      expect(fault.hits).toBe(ATTEMPTS);
    });

    it.each(RETRIED)('ends in %s but for the last attempt and succeeds', async (trouble) => {
      const fault = strike(trouble, create, ATTEMPTS - 1);
      expect(await provision()).toBe('complete');
      expect(fault.hits).toBe(ATTEMPTS - 1);
    });

    it('loses its answer, is found to be there, and succeeds', async () => {
      const fault = local.faults.add({
        kind: 'dropped-connection',
        when: 'after',
        times: 1,
        match: create,
      });
      expect(await provision()).toBe('complete');
      expect(fault.hits).toBe(1);
    });
  });

  describe('correcting its description', () => {
    beforeEach(async () => void (await provision()));

    it.each([404, 409])('is refused with %s, once, and ends the start', async (status) => {
      const fault = strike(status, describing);
      await failureOf(reword(), ProvisioningFailedError);
      expect(fault.hits).toBe(1);
    });

    it.each(RETRIED)('ends in %s, is retried, and ends the start', async (trouble) => {
      const fault = strike(trouble, describing);
      await failureOf(reword(), ProvisioningFailedError);
      expect(fault.hits).toBe(ATTEMPTS);
    });

    it.each(RETRIED)('ends in %s but for the last attempt and succeeds', async (trouble) => {
      const fault = strike(trouble, describing, ATTEMPTS - 1);
      expect(await reword()).toBe('complete');
      expect(fault.hits).toBe(ATTEMPTS - 1);
    });
  });
});
