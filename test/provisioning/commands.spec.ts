import { describe, expect, it } from 'vitest';
import type { CommandOutcome } from '../../lib/state/command-store.interface.js';
import type { Lease, LeaseStore } from '../../lib/state/lease-store.interface.js';
import { MemoryCommandStore } from '../../lib/state/memory-command.store.js';
import { MemoryDeliveryStore } from '../../lib/state/memory-delivery.store.js';
import { timeOfTimeUuid } from '../../lib/event/time-uuid.util.js';
import type { LocalCommandInput } from '../../lib/local/index.js';
import { BILLS, ControlWorld, ORDERS, SharedStores, type TestApplication } from './support/control-world.js';

/** Queues a command and waits until the pathway has said how it went. */
async function carryOut(application: TestApplication, input: LocalCommandInput) {
  const { world } = application;
  const { id } = world.local.controlPlane.sendCommand(world.pathwayId, input);
  await application.until(() => /running|failed/.test(world.command(id).phase));
  return world.command(id);
}

const STATUS = { method: 'POST', path: /\/status$/ };

describe('commands of the control plane', () => {
  it('datapumpRestart replays from the position, and goes live without one', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    await world.write(2);
    await application.until(() => application.handled.includes(2));
    const { timeBucket = '' } = application.status().cursor ?? {};
    const before = application.status().generation;
    const replayed = await carryOut(application, {
      type: 'datapumpRestart',
      position: { timeBucket },
      sourceFlowTypes: ['order.0'],
    });
    expect(replayed).toMatchObject({ phase: 'running', details: null });
    expect(world.phases(replayed.id)).toEqual(['acknowledged', 'running']);
    await application.live();
    expect(application.handled.filter((n) => n > 0)).toEqual([1, 2, 1, 2]);
    expect(application.status().generation).toBe(before + 1);

    expect(await carryOut(application, { type: 'datapumpRestart' })).toMatchObject({ phase: 'running' });
    await application.live();
    expect(application.handled.filter((n) => n > 0)).toEqual([1, 2, 1, 2]);
    expect(application.status().generation).toBe(before + 2);
  });

  it('a paused pump stays paused over a restart, and resume lets it go on', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const paused = await carryOut(application, { type: 'datapumpPause', sourceFlowTypes: [ORDERS] });
    expect(paused.phase).toBe('running');
    expect([application.status().state, application.status(BILLS).state]).toEqual(['paused', 'live']);
    await carryOut(application, {
      type: 'datapumpRestart',
      position: { timeBucket: '20200101000000' },
      sourceFlowTypes: [ORDERS],
    });
    await application.until(() => application.status().bufferedEvents === 1);
    expect(application.status().state).toBe('paused');
    await carryOut(application, { type: 'datapumpResume' });
    await application.until(() => application.handled.filter((n) => n === 1).length === 2);
  });

  it('the short names work too, and a group can be named', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    expect(await carryOut(application, { type: 'pause', sourceFlowTypes: [BILLS] })).toMatchObject({
      phase: 'running',
    });
    expect([application.status().state, application.status(BILLS).state]).toEqual(['live', 'paused']);
    await carryOut(application, { type: 'resume', sourceFlowTypes: ['bill.0'] });
    expect(application.status(BILLS).state).not.toBe('paused');
  });

  it('stop stops, pausing what is stopped has failed, and a restart starts it again', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    expect((await carryOut(application, { type: 'stop', sourceFlowTypes: ['order.0'] })).phase).toBe(
      'running',
    );
    expect([application.status().state, application.status(BILLS).state]).toEqual(['stopped', 'live']);
    const paused = await carryOut(application, { type: 'datapumpPause', sourceFlowTypes: ['order.0'] });
    expect(paused).toMatchObject({ phase: 'failed', details: expect.stringContaining('not running') });
    await carryOut(application, { type: 'datapumpRestart', sourceFlowTypes: ['order.0'] });
    await application.live();
  });

  it.each<[string, LocalCommandInput, string]>([
    [
      'a position without a time bucket',
      { type: 'datapumpRestart', position: { eventId: 'x' } as never },
      'timeBucket',
    ],
    ['a position nobody understands', { type: 'datapumpRestart', position: { timeBucket: '2026' } }, '2026'],
    [
      'a stopAt nobody understands',
      { type: 'datapumpRestart', position: { timeBucket: '20260401000000' }, stopAt: 'tomorrow' },
      '"stopAt" must be',
    ],
    [
      'a stopAt before the position',
      { type: 'datapumpRestart', position: { timeBucket: '20260401000000' }, stopAt: '2026-03-01T00:00:00Z' },
      'lies at or before the position',
    ],
  ])('%s has failed, and nothing is reset', async (_, input, words) => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const command = await carryOut(application, input);
    expect(command).toMatchObject({ phase: 'failed', details: expect.stringContaining(words) });
    expect(application.status().generation).toBe(0);
  });

  it.each<[string, (id: string) => string]>([
    ['a date', (id) => new Date(timeOfTimeUuid(id).unixMs).toISOString()],
    ['an event id', (id) => id],
  ])('D10: datapumpRestart stops at its stopAt, %s, and a restart lets it go on', async (_, stopOf) => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const second = await world.write(2);
    world.clock.advance(1_000);
    await world.write(3);
    await application.until(() => application.handled.includes(3));
    const restart = { type: 'datapumpRestart', sourceFlowTypes: [ORDERS] };
    const position = { timeBucket: '20200101000000' };
    const command = await carryOut(application, { ...restart, position, stopAt: stopOf(second) });
    expect(command).toMatchObject({ phase: 'running', details: null });
    await application.until(() => application.status().state === 'done');
    expect(application.handled.filter((n) => n > 0)).toEqual([1, 2, 3, 1, 2]);
    expect(application.status(BILLS).state).toBe('live');

    const resumed = await carryOut(application, { type: 'datapumpResume', sourceFlowTypes: [ORDERS] });
    expect(resumed).toMatchObject({ phase: 'failed', details: expect.stringContaining('restart command') });
    await carryOut(application, { ...restart, position });
    await application.until(() => application.handled.filter((n) => n === 3).length === 2);
  });

  it('of a restart without a position, a stopAt is ignored, which it says', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const command = await carryOut(application, {
      type: 'datapumpRestart',
      stopAt: '2026-05-02T00:00:00Z',
    });
    expect(command).toMatchObject({
      phase: 'running',
      details: expect.stringContaining('"stopAt" was ignored'),
    });
    expect(application.status().stopAt).toBeUndefined();
  });

  it('are carried out one after the other, also after one that failed', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const send = (type: string) => world.local.controlPlane.sendCommand(world.pathwayId, { type }).id;
    const ids = [send('datapumpPause'), send('nonsense'), send('datapumpResume')];
    await application.until(() => ids.every((id) => /running|failed/.test(world.command(id).phase)));
    expect(ids.map((id) => world.command(id).phase)).toEqual(['running', 'failed', 'running']);
    expect(application.status().state).toBe('live');
  });
});

describe('what the control plane is told', () => {
  it('C4: an unknown command type has failed, and says so', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const command = await carryOut(application, { type: 'hardReset' });
    expect(command).toMatchObject({
      phase: 'failed',
      details: expect.stringContaining('Unknown command type "hardReset"'),
    });
    expect(world.phases(command.id)).not.toContain('running');
  });

  it('C5: a report that fails is sent again, and never turned into a failure', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    // The acknowledgement arrives, then the report is refused as often as it is tried in one round.
    world.local.faults.add({ kind: 'latency', delayMs: 0, times: 1, match: STATUS });
    const fault = world.local.faults.add({ kind: 'status', status: 500, match: STATUS });
    const { id } = world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpRestart' });
    await application.until(() => application.status().generation === 1 && fault.hits >= 4);
    fault.remove();
    await application.until(() => world.command(id).phase === 'running');
    expect(world.phases(id)).toEqual(['running']);
    expect(application.status().generation).toBe(1);
  });

  it('C6: a command whose acknowledgement is lost runs once', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const fault = world.local.faults.add({ kind: 'status', status: 503, match: STATUS });
    const { id } = world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpRestart' });
    const polls = () => world.local.stats.requests['GET /api/v1/pathways'] ?? 0;
    await application.until(() => application.status().generation > 0);
    const before = polls();
    await application.until(() => polls() >= before + 3);
    expect(world.command(id).phase).toBe('dispatched');
    fault.remove();
    await application.until(() => world.command(id).phase === 'running');
    await application.live();
    expect(application.status().generation).toBe(1);
  });

  it('C6: a command whose report was carried out and not answered runs once', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const fault = world.local.faults.add({ kind: 'dropped-connection', when: 'after', match: STATUS });
    const { id } = world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpRestart' });
    await application.until(() => fault.hits >= 8);
    fault.remove();
    await application.until(() => world.stores.commands.find('orders-prod', id)?.isReported === true);
    expect(application.status().generation).toBe(1);
    expect(new Set(world.phases(id))).toEqual(new Set(['acknowledged', 'running']));
  });

  it('C6: a command that was carried out before a restart of the process is only reported after it', async () => {
    const world = await ControlWorld.create();
    const before = await world.live();
    const fault = world.local.faults.add({ kind: 'status', status: 503, match: STATUS });
    const { id } = world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpRestart' });
    await before.until(() => world.stores.commands.find('orders-prod', id)?.outcome !== undefined);
    await before.stop();
    fault.remove();

    const after = world.application();
    await after.start();
    await after.until(() => world.command(id).phase === 'running');
    await after.live();
    expect(after.status().generation).toBe(1);
  });

  it('C6: a command the process died in is not run again, and is reported as interrupted', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    await first.stop();
    const { id } = world.local.controlPlane.sendCommand(world.pathwayId, { type: 'datapumpRestart' });
    world.stores.commands.begin('orders-prod', id);

    const second = world.application();
    await second.start();
    await second.until(() => world.command(id).phase === 'failed');
    expect(world.command(id).details).toContain('ended while it carried this out');
    expect(second.status().generation).toBe(0);
  });

  it('C7: a filter that matches no pump has failed, and names the pumps there are', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const command = await carryOut(application, {
      type: 'datapumpRestart',
      sourceFlowTypes: ['order.1', 'order.0::hot'],
    });
    expect(command.phase).toBe('failed');
    for (const words of ['matched no pump', 'order.1, order.0::hot', ORDERS, BILLS])
      expect(command.details).toContain(words);
    expect(application.status().generation).toBe(0);
  });

  it('C7: of a filter that matches in part, the rest is named', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const command = await carryOut(application, {
      type: 'datapumpPause',
      sourceFlowTypes: ['order.1', 'bill.0'],
    });
    expect(command).toMatchObject({ phase: 'running', details: expect.stringContaining('order.1') });
    expect([application.status().state, application.status(BILLS).state]).toEqual(['live', 'paused']);
  });

  it('a pause that could not be stored has failed, and holds in this instance', async () => {
    class Failing extends MemoryDeliveryStore {
      override pause(): void {
        throw new Error('The disk is full');
      }
    }
    const world = await ControlWorld.create();
    const application = await world.live({ delivery: new Failing() });
    const command = await carryOut(application, { type: 'datapumpPause' });
    expect(command.phase).toBe('failed');
    expect(command.details).toMatch(/could not be persisted.*The disk is full/);
    expect(application.status().state).toBe('paused');
  });

  it('an outcome the store did not take at first is kept, and reported when it has', async () => {
    class Moody extends MemoryCommandStore {
      failures = 2;
      override finish(key: string, id: string, outcome: CommandOutcome): void {
        if (this.failures-- > 0) throw new Error('busy');
        super.finish(key, id, outcome);
      }
    }
    const world = await ControlWorld.create();
    const application = await world.live({ commands: new Moody() });
    const command = await carryOut(application, { type: 'datapumpRestart' });
    expect(command.phase).toBe('running');
    expect(application.status().generation).toBe(1);
  });

  it('an answer nobody understands runs nothing, and the next one does', async () => {
    const world = await ControlWorld.create();
    const application = await world.live();
    const body = {
      commands: [
        { id: 'c-1', type: 'stop' },
        { id: '', type: 'stop' },
      ],
    };
    const fault = world.local.faults.add({ kind: 'status', status: 200, body, match: { path: /pending$/ } });
    await application.until(() => fault.hits > 1);
    expect(application.status().state).toBe('live');
    const warnings = application.logged.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    fault.remove();
    expect((await carryOut(application, { type: 'stop' })).phase).toBe('running');
  });
});

/** Leases several instances compete for; they end only when they are released. */
class SharedLeases {
  private readonly holders = new Map<string, string>();
  private tokens = 0;

  of(instance: string): LeaseStore {
    return {
      acquire: (key): Lease | undefined => {
        if ((this.holders.get(key) ?? instance) !== instance) return undefined;
        this.holders.set(key, instance);
        return { key, token: ++this.tokens };
      },
      renew: ({ key }) => this.holders.get(key) === instance,
      release: ({ key }) => void this.holders.delete(key),
    };
  }
}

describe('two instances', () => {
  it('one takes the commands, both do what is paused, and the other takes over', async () => {
    const world = await ControlWorld.create();
    const leases = new SharedLeases();
    const first = await world.live({ leases: leases.of('first') });
    const second = world.application({ leases: leases.of('second') });
    await second.start();
    await carryOut(first, { type: 'datapumpPause', sourceFlowTypes: [ORDERS] });
    await first.stop();

    await world.write(2);
    await second.until(() => second.status().bufferedEvents === 1);
    expect(second.status().state).toBe('paused');
    await carryOut(second, { type: 'datapumpResume' });
    await second.until(() => second.handled.includes(2));
  });

  it('a pause by the instance that takes the commands reaches the one that runs the pump', async () => {
    const world = await ControlWorld.create();
    const leases = new SharedLeases();
    const runner = await world.live({ leases: leases.of('runner') });
    // What takes the commands away from it: another instance has that lease.
    await runner.agent.stop();
    const taker = world.application({ leases: leases.of('taker') });
    await taker.start();
    await carryOut(taker, { type: 'datapumpPause' });
    await runner.pumps.followPauses();
    expect(runner.status().state).toBe('paused');
  });

  it('with memories of their own do not share what they began', async () => {
    const world = await ControlWorld.create();
    const first = await world.live();
    await carryOut(first, { type: 'datapumpPause' });
    await first.stop();
    const second = world.application({}, new SharedStores());
    await second.start();
    // The control plane remembers the pause, whoever has forgotten it.
    await second.until(() => second.status().state === 'paused');
  });
});
