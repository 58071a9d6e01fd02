import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { openStore } from './support/open-store.js';

const database = usePostgres();
const KEY = 'orders-prod';
const HOT = 'order.0::hot';
const COLD = 'order.0::default';

async function deliveryStore() {
  const instance = await openStore(database.url);
  onTestFinished(() => instance.close());
  const { delivery } = instance.store;
  if (!delivery?.lift) throw new Error('This store keeps whose a pause is');
  return {
    paused: () => delivery.pausedPumps(KEY),
    pause: delivery.pause.bind(delivery),
    lift: delivery.lift.bind(delivery),
  };
}

beforeEach(async () => {
  await (await deliveryStore()).paused();
  await database.query('TRUNCATE pathway_delivery_state');
});

it('a pause of a release that stored no origin counts as the control plane’s', async () => {
  const { paused, lift } = await deliveryStore();
  await database.query('INSERT INTO pathway_delivery_state (pathway_key, paused_pumps) VALUES ($1, $2)', [
    KEY,
    [HOT, COLD],
  ]);
  await lift(KEY, [HOT]);
  expect(await paused()).toEqual([COLD]);
});

it('a release that knows no origins resumes and pauses again: the old origin does not count', async () => {
  const { paused, pause, lift } = await deliveryStore();
  await pause(KEY, [HOT], 'application');
  await database.query(`UPDATE pathway_delivery_state SET paused_pumps = '{}'`);
  await pause(KEY, [HOT], 'control-plane');
  await lift(KEY, [HOT]);
  expect(await paused()).toEqual([]);
});
