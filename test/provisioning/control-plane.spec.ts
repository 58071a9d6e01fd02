import { describe, expect, it } from 'vitest';
import { PlatformUnauthorizedError } from '../../lib/errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../../lib/errors/platform-unavailable.error.js';
import type { DeliveryStore } from '../../lib/state/delivery-store.interface.js';
import { MemoryDeliveryStore } from '../../lib/state/memory-delivery.store.js';
import { BILLS, ControlWorld, NAME, ORDERS, type TestApplication } from './support/control-world.js';

const BY_NAME = /by-name/;
const pulsesOf = ({ world }: TestApplication, flowType = 'order.0') =>
  world.local.controlPlane.pulses(world.pathwayId).filter((pulse) => pulse.flowType === flowType);

describe('pulses', () => {
  it('every pump sends one at once, however long the interval is', async () => {
    const world = await ControlWorld.create();
    const since = world.clock.now();
    const application = await world.live({ pulseIntervalMs: 3_600_000 });
    await application.until(() =>
      [pulsesOf(application), pulsesOf(application, 'bill.0')].every((one) => one.length > 0),
    );
    expect(world.clock.now() - since).toBeLessThan(3_600_000);
  });

  it('every pump sends one every interval', async () => {
    const world = await ControlWorld.create();
    const application = await world.live({ pulseIntervalMs: 4_000 });
    await application.until(() => pulsesOf(application).length > 2);
    const [first, second, third] = pulsesOf(application).map(({ receivedAt }) => Date.parse(receivedAt));
    const gaps = [(second ?? 0) - (first ?? 0), (third ?? 0) - (second ?? 0)];
    for (const gap of gaps) expect(Math.round(gap / 1_000)).toBeGreaterThanOrEqual(4);
    expect(pulsesOf(application, 'bill.0').length).toBeGreaterThan(1);
    expect(pulsesOf(application).at(-1)).toMatchObject({
      pathwayId: world.pathwayId,
      isLive: true,
      buffer: { depth: 0, reserved: 0 },
      counters: { acknowledged: 1, failed: 0, pulled: 1 },
    });
  });

  it('the groups of one flow type are told apart', async () => {
    const world = await ControlWorld.create();
    const application = await world.live({ pulseIntervalMs: 1_000 });
    const hot = { flowType: 'order.0', pumpGroup: 'hot', eventTypes: ['placed.0'] };
    await application.pumps.define([hot]);
    const sources = () => new Set(pulsesOf(application).map(({ sourceId }) => sourceId));
    await application.until(() => sources().size > 1);
    expect([...sources()]).toEqual([undefined, 'order.0::hot']);
    const answer = await fetch(`${world.local.url}/api/v1/pathways/${world.pathwayId}/pump-status`, {
      headers: { authorization: 'ApiKey id:fc_id_secret' },
    });
    const { pulses } = (await answer.json()) as { pulses: { flowType: string; sourceId?: string }[] };
    const shown = pulses.map(({ flowType, sourceId = 'default' }) => `${flowType} ${sourceId}`);
    expect(shown.sort()).toEqual(['bill.0 default', 'order.0 default', 'order.0 order.0::hot']);
  });

  it('a pump that is stopped sends none, and the others go on', async () => {
    const world = await ControlWorld.create();
    const application = await world.live({ pulseIntervalMs: 1_000 });
    await application.until(() => pulsesOf(application).length > 0);
    await application.pumps.stop({ filter: { keys: [ORDERS] } });
    await application.until(() => application.status().state === 'stopped');
    const bills = () => pulsesOf(application, 'bill.0').length;
    // One may have been under way.
    const [from, until] = [bills() + 1, bills() + 4];
    await application.until(() => bills() >= from);
    const before = pulsesOf(application).length;
    await application.until(() => bills() >= until);
    expect(pulsesOf(application)).toHaveLength(before);
  });

  it('D9: they go on after a reset and after the pump was replaced', async () => {
    const world = await ControlWorld.create();
    const application = await world.live({ pulseIntervalMs: 1_000 });
    const more = async () => {
      const before = pulsesOf(application).length;
      await application.until(() => pulsesOf(application).length > before + 2);
    };
    await application.pumps.reset('beginning');
    await more();
    await application.pumps.define([
      { flowType: 'order.0', pumpGroup: 'default', eventTypes: ['placed.0', 'sent.0'] },
    ]);
    await more();
  });

  it('D15: what ends as a dead letter counts as failed, not as acknowledged', async () => {
    const world = await ControlWorld.create();
    await world.write(1);
    const application = world.application({ pulseIntervalMs: 1_000 });
    application.handle = ({ n }) =>
      Promise.resolve(
        n === 1 ? { status: 'dead-lettered', error: new Error('broken') } : { status: 'processed' },
      );
    await application.start();
    await application.live();
    await application.until(() => (pulsesOf(application).at(-1)?.counters.pulled ?? 0) > 0);
    expect(pulsesOf(application).at(-1)?.counters).toMatchObject({ acknowledged: 0, failed: 1 });
  });

  it('a control plane that takes none is named once, and harms nothing', async () => {
    const world = await ControlWorld.create();
    const fault = world.local.faults.add({ kind: 'status', status: 500, match: { path: /pump-pulse/ } });
    const application = await world.live({ pulseIntervalMs: 1_000 });
    await application.until(() => fault.hits > 4);
    const warnings = application.logged.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('did not take the pulse');
    await world.write(2);
    await application.until(() => application.handled.includes(2));
  });
});

describe('pauses at the start', () => {
  /** Registered, paused by the operator, and gone. */
  async function pausedWhileAway(targets?: readonly string[]) {
    const world = await ControlWorld.create();
    const first = await world.live();
    await first.stop();
    world.local.controlPlane.sendCommand(world.pathwayId, {
      type: 'datapumpPause',
      sourceFlowTypes: targets ?? null,
    });
    await world.write(2);
    return world;
  }

  it.each<[string, readonly string[] | undefined, string]>([
    ['everything', undefined, 'paused'],
    ['a flow type', ['order.0'], 'live'],
    ['a pump', [ORDERS], 'live'],
  ])('what the control plane says holds before anything is delivered: %s', async (_, targets, bills) => {
    const world = await pausedWhileAway(targets);
    const second = world.application();
    await second.pumps.define([{ flowType: 'order.0', pumpGroup: 'default', eventTypes: ['placed.0'] }]);
    await second.agent.prepare();
    expect(await second.pumps.pausedPumps()).toEqual([ORDERS]);
    await second.start();
    await second.until(() => second.status().bufferedEvents === 1 && second.status(BILLS).state === bills);
    expect([second.status().state, second.handled]).toEqual(['paused', []]);
  });

  it('the store holds while the control plane is down', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    await first.pumps.pause({ keys: [ORDERS] });
    await first.stop();
    await world.write(2);
    const fault = world.local.faults.add({ kind: 'status', status: 503, match: { path: BY_NAME } });
    const second = world.application();
    await second.until(started(second));
    await second.until(() => second.status().bufferedEvents === 1);
    expect(second.status().state).toBe('paused');
    expect(second.agent.pathwayId).toBeUndefined();

    fault.remove();
    await second.until(() => pulsesOf(second).length > 0);
    expect(second.status().state).toBe('paused');
  });

  it('the control plane wins where it has an opinion', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    await first.pumps.pauseAs('control-plane');
    await first.stop();
    const second = world.application();
    await second.start();
    await second.live();
    expect(await second.pumps.pausedPumps()).toEqual([]);
  });

  it('a control plane that says active ends no pause of the application, and of a store that knows none, every one', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    await first.pumps.pause({ keys: [ORDERS] });
    await first.pumps.pauseAs('control-plane', { keys: [BILLS] });
    await first.stop();
    await world.write(2);
    const second = world.application();
    await second.start();
    await second.until(() => second.status(BILLS).state === 'live' && second.status().bufferedEvents === 1);
    expect([second.status().state, await second.pumps.pausedPumps()]).toEqual(['paused', [ORDERS]]);
    expect(second.logged.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`${ORDERS} stays paused: this application paused it`),
    );
    await second.stop();
    const third = world.application({ delivery: new WithoutOrigins(world.stores.delivery) });
    await third.start();
    await third.until(() => third.handled.includes(2));
    expect(await third.pumps.pausedPumps()).toEqual([]);
  });

  it('what a command paused ends with a control plane that says active at the next start', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpPause' });
    await first.until(() => first.status().state === 'paused' && first.status(BILLS).state === 'paused');
    await first.stop();
    world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpResume' });
    withoutCommands(world);
    const second = world.application();
    await second.start();
    await second.live();
    expect(await second.pumps.pausedPumps()).toEqual([]);
  });

  it('a command resumes what the application paused', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    await application.pumps.pause();
    world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpResume' });
    await application.live();
    expect(await application.pumps.pausedPumps()).toEqual([]);
  });

  it('what an operator paused holds as soon as the control plane is back', async () => {
    const world = await pausedWhileAway([ORDERS]);
    withoutCommands(world);
    const fault = world.local.faults.add({ kind: 'status', status: 503, match: { path: BY_NAME } });
    const second = world.application();
    await second.until(started(second));
    await second.until(() => second.handled.includes(2));

    fault.remove();
    await second.until(() => second.status().state === 'paused');
    expect(await second.pumps.pausedPumps()).toEqual([ORDERS]);
    // Decided: what is done here from now on stays.
    await second.pumps.resume();
    await second.until(() => pulsesOf(second).length > 1);
    expect(await second.pumps.pausedPumps()).toEqual([]);
  });

  it('what the control plane could not say at a start it is asked again', async () => {
    const world = await pausedWhileAway([ORDERS]);
    withoutCommands(world);
    const match = { path: BY_NAME, method: 'GET' };
    const fault = world.local.faults.add({ kind: 'status', status: 503, match });
    const second = world.application();
    await second.until(started(second));
    await second.until(() => second.handled.includes(2));
    fault.remove();
    await second.until(() => second.status().state === 'paused');
  });

  it('what the store has stays when the pathway is registered for the first time', async () => {
    const world = await ControlWorld.create();
    await world.write(1);
    world.stores.delivery.pause(NAME, [ORDERS]);
    const application = world.application();
    await application.start();
    await application.until(() => application.status().bufferedEvents === 1);
    expect(application.status().state).toBe('paused');
  });

  it('a second preparation leaves alone what was paused here since', async () => {
    const world = await ControlWorld.create();
    await (await world.live()).stop();
    const application = await world.live();
    await application.pumps.pause({ keys: [ORDERS] });
    await application.agent.prepare();
    expect(application.status().state).toBe('paused');
  });

  it('a store that cannot be read fails the start, and nothing is delivered', async () => {
    class Broken extends MemoryDeliveryStore {
      override pausedPumps(): readonly string[] {
        throw new Error('The database is gone');
      }
    }
    const world = await ControlWorld.create();
    await world.write(1);
    const application = world.application({ delivery: new Broken() });
    await expect(application.start()).rejects.toThrow('The database is gone');
    expect(application.handled).toEqual([]);
  });
});

describe('registration', () => {
  it('C1: a wrong key is no outage: the start fails, whatever the policy', async () => {
    const world = await ControlWorld.create();
    world.local.faults.add({ kind: 'status', status: 401, match: { path: BY_NAME } });
    const application = world.application({ failure: { check: 'continue', apply: 'continue' } });
    await expect(application.start()).rejects.toBeInstanceOf(PlatformUnauthorizedError);
  });

  it.each([[400], [404], [409]])(
    'a refusal (%i) fails the start, or is logged where that is wanted',
    async (status) => {
      const world = await ControlWorld.create();
      world.local.faults.add({ kind: 'status', status, match: { path: BY_NAME } });
      await expect(world.application().start()).rejects.toMatchObject({ status });
      const lenient = await world.live({ failure: { apply: 'continue' } });
      expect(lenient.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
      expect(lenient.handled).toContain(1);
    },
  );

  it('an outage fails the start only where that is wanted', async () => {
    const world = await ControlWorld.create();
    world.local.faults.add({ kind: 'status', status: 503, match: { path: BY_NAME } });
    const strict = world.application({ failure: { check: 'throw' } });
    const failed = strict.start().catch((error: unknown) => error);
    await strict.until(settled(failed));
    expect(await failed).toBeInstanceOf(PlatformUnavailableError);
  });

  it('the same again is not sent again, and a stop ends a registration that hangs', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    await application.agent.prepare();
    expect(world.local.controlPlane.pathways()[0]?.version).toBe(1);

    const fault = world.local.faults.add({ kind: 'hang', match: { path: BY_NAME } });
    const second = world.application();
    const prepared = second.agent.prepare();
    await second.until(() => fault.hits === 1);
    second.agent.abandon();
    await prepared;
    expect(second.agent.pathwayId).toBeUndefined();
    expect(second.logged).toEqual([]);
  });
});

/** The pause stands in the queue, too: there it would be found without anybody asking. */
function withoutCommands({ local }: ControlWorld): void {
  local.faults.add({ kind: 'status', status: 503, match: { path: /commands.pending/ } });
}

/** A store of somebody's own, which does not know whose a pause is. */
class WithoutOrigins implements DeliveryStore {
  constructor(private readonly inner: MemoryDeliveryStore) {}
  pausedPumps = (key: string) => this.inner.pausedPumps(key);
  pause = (key: string, pumps: readonly string[]) => this.inner.pause(key, pumps);
  resume = (key: string, pumps: readonly string[]) => this.inner.resume(key, pumps);
}

function started(application: TestApplication): () => boolean {
  return settled(application.start());
}

function settled(work: Promise<unknown>): () => boolean {
  let isOver = false;
  void work.finally(() => (isOver = true));
  return () => isOver;
}
