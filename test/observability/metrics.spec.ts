import { Counter, register, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { MetricNameTakenError, PathwaysConfigurationError, type PathwaysEngine } from 'nestjs-pathways';
import { prometheusTelemetry } from 'nestjs-pathways/metrics';
import { until } from '../support/until.js';
import { MetricsBench, samplesOf, valuesOf, write, type Order } from './support/metrics-bench.js';

const EVENT_TYPE = { tenant: 'acme', data_core: 'shop', flow_type: 'order.0', event_type: 'order.placed.0' };
const PUMP = { tenant: 'acme', data_core: 'shop', flow_type: 'order.0', pump_group: 'default' };

/** Protocol §12. */
const EXPECTED: readonly (readonly [name: string, type: string, labels: readonly string[]])[] = [
  ['flowcore_data_pump_buffer_events_gauge', 'gauge', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_buffer_reserved_events_gauge', 'gauge', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_buffer_size_bytes_gauge', 'gauge', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_events_acknowledged_counter', 'counter', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_events_failed_counter', 'counter', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_events_pulled_size_bytes_counter', 'counter', Object.keys(EVENT_TYPE)],
  ['flowcore_data_pump_sdk_commands_counter', 'counter', ['command']],
  ['flowcore_data_pump_cluster_active_workers_gauge', 'gauge', []],
  ['flowcore_data_pump_cluster_leader_status_gauge', 'gauge', []],
  ['flowcore_data_pump_cluster_events_distributed_counter', 'counter', []],
  ['flowcore_data_pump_cluster_worker_acks_counter', 'counter', []],
  ['flowcore_data_pump_cluster_worker_fails_counter', 'counter', []],
  ['flowcore_data_pump_lag_seconds_gauge', 'gauge', Object.keys(PUMP)],
  ['flowcore_data_pump_buffer_age_seconds_gauge', 'gauge', Object.keys(PUMP)],
  ['flowcore_data_pump_state_gauge', 'gauge', [...Object.keys(PUMP), 'state']],
  ['flowcore_pathways_handler_attempts_failed_counter', 'counter', Object.keys(EVENT_TYPE)],
  ['flowcore_pathways_dead_letters_counter', 'counter', [...Object.keys(EVENT_TYPE), 'reason']],
  ['flowcore_pathways_events_written_counter', 'counter', Object.keys(EVENT_TYPE)],
];

/** Fails for odd numbers. */
const evenOnly = ({ n }: Order) => {
  if (n % 2 === 1) throw new Error('odd');
};

async function storedTextLength({ client }: PathwaysEngine): Promise<number> {
  const eventTypeIds = await client.events.resolveEventTypeIds('order.0', ['order.placed.0']);
  let length = 0;
  for (const timeBucket of await client.events.listTimeBuckets(eventTypeIds, {})) {
    const { events } = await client.events.fetchEvents({ eventTypeIds, timeBucket, pageSize: 100 });
    for (const event of events) length += JSON.stringify(event).length;
  }
  return length;
}

describe('metrics after a run', () => {
  const bench = new MetricsBench();

  it('every metric of the protocol is exported with its type and exactly its labels', async () => {
    const registry = new Registry();
    const engine = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry }) });
    await write(engine, 0, 1, 2);
    await engine.start();
    await engine.pumps.drain();
    const text = await registry.metrics();
    const samples = await samplesOf(registry);
    for (const [name, type, labels] of EXPECTED) {
      expect(text, name).toContain(`# TYPE ${name} ${type}\n`);
      const own = samples.filter((sample) => sample.name === name);
      expect(own.length, name).toBeGreaterThan(0);
      for (const sample of own) expect(Object.keys(sample.labels).sort(), name).toEqual([...labels].sort());
    }
    expect(text).toContain('# TYPE flowcore_pathways_handler_duration_seconds_histogram histogram\n');
  });

  it('events are counted where they went', async () => {
    const registry = new Registry();
    const engine = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry }) });
    await write(engine, 0, 1, 2, 3, 4);
    await engine.start();
    await engine.pumps.drain();
    const of = (name: string, labels = {}) => valuesOf(registry, name, { ...EVENT_TYPE, ...labels });
    expect(await of('flowcore_data_pump_events_acknowledged_counter')).toEqual([3]);
    expect(await of('flowcore_data_pump_events_failed_counter')).toEqual([2]);
    expect(await of('flowcore_data_pump_events_pulled_size_bytes_counter')).toEqual([
      await storedTextLength(engine),
    ]);
    expect(await of('flowcore_pathways_dead_letters_counter', { reason: 'failed' })).toEqual([2]);
    // Three that succeed at once, two with one retry each.
    expect(await of('flowcore_pathways_handler_duration_seconds_histogram_count')).toEqual([7]);
    expect(await of('flowcore_pathways_handler_attempts_failed_counter')).toEqual([4]);
    expect(await of('flowcore_pathways_events_written_counter')).toEqual([5]);
    expect(await of('flowcore_data_pump_buffer_events_gauge')).toEqual([0]);
    expect(await of('flowcore_data_pump_buffer_reserved_events_gauge')).toEqual([0]);
    for (const name of ['DataCoreFetch', 'FlowTypeFetch', 'EventTypeList', 'TimeBucketList', 'EventList']) {
      const command = { command: `${name}Command` };
      const [value = 0] = await valuesOf(registry, 'flowcore_data_pump_sdk_commands_counter', command);
      expect(value, name).toBeGreaterThan(0);
    }
  });

  it('a request that is retried is one command', async () => {
    const registry = new Registry();
    const engine = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry }), pump: false });
    bench.local?.faults.add({ kind: 'status', status: 503, match: { path: /data-cores/ }, times: 2 });
    await write(engine, 0);
    await engine.client.resources.dataCore();
    expect(
      await valuesOf(registry, 'flowcore_data_pump_sdk_commands_counter', {
        command: 'DataCoreFetchCommand',
      }),
    ).toEqual([1]);
  });

  it('the buffer is read when it is asked for: what waits, what runs, how old it is, in which state', async () => {
    const registry = new Registry();
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const engine = bench.engine(() => gate, { telemetry: prometheusTelemetry({ registry }) });
    await write(engine, 0, 1, 2, 3, 4);
    await engine.start();
    await until(() => engine.pumps.status()[0]?.state === 'live' && engine.pumps.status()[0]?.inFlight === 1);
    await until(() => (engine.pumps.status()[0]?.lagMs ?? 0) > 0);
    const ofBuffer = (name: string) => valuesOf(registry, `flowcore_data_pump_${name}_gauge`, EVENT_TYPE);
    const ofPump = (name: string, labels = {}) =>
      valuesOf(registry, `flowcore_data_pump_${name}_gauge`, { ...PUMP, ...labels });
    expect(await ofBuffer('buffer_events')).toEqual([5]);
    expect(await ofBuffer('buffer_reserved_events')).toEqual([1]);
    expect(await ofBuffer('buffer_size_bytes')).toEqual([engine.pumps.status()[0]?.bufferedBytes]);
    expect(await ofPump('state', { state: 'live' })).toEqual([1]);
    const before = engine.pumps.status()[0];
    const [lag = 0] = await ofPump('lag_seconds');
    const [age = 0] = await ofPump('buffer_age_seconds');
    const after = engine.pumps.status()[0];
    expect(lag * 1_000).toBeGreaterThanOrEqual(before?.lagMs ?? Infinity);
    expect(lag * 1_000).toBeLessThanOrEqual(after?.lagMs ?? 0);
    expect(age * 1_000).toBeGreaterThanOrEqual(before?.bufferAgeMs ?? Infinity);
    expect(age * 1_000).toBeLessThanOrEqual(after?.bufferAgeMs ?? 0);
    engine.pumps.pause();
    expect(await ofPump('state')).toEqual([1]);
    expect(await ofPump('state', { state: 'paused' })).toEqual([1]);
    engine.pumps.resume();
    release();
    await engine.pumps.drain();
    expect(await ofBuffer('buffer_events')).toEqual([0]);
    expect(await ofPump('lag_seconds')).toEqual([0]);
  });

  it('a finished event that waits for one before it is no longer in the buffer', async () => {
    const registry = new Registry();
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const engine = bench.engine(({ n }) => (n === 0 ? gate : undefined), {
      telemetry: prometheusTelemetry({ registry }),
      pump: { concurrency: 2 },
    });
    await write(engine, 0, 1);
    await engine.start();
    await until(() => engine.pumps.status()[0]?.counters.processed === 1);
    expect(engine.pumps.status()[0]?.bufferedEvents).toBe(2);
    expect(await valuesOf(registry, 'flowcore_data_pump_buffer_events_gauge')).toEqual([1]);
    release();
  });
});

describe('a registry', () => {
  const bench = new MetricsBench();

  it('is shared by the engines of two data cores, each with series of its own', async () => {
    const registry = new Registry();
    const telemetry = prometheusTelemetry({ registry });
    const shop = bench.engine(evenOnly, { telemetry });
    const depot = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry }), dataCore: 'depot' });
    await write(shop, 0, 2);
    await write(depot, 0, 2, 4);
    await Promise.all([shop.start(), depot.start()]);
    await Promise.all([shop.pumps.drain(), depot.pumps.drain()]);
    const acknowledged = 'flowcore_data_pump_events_acknowledged_counter';
    expect(await valuesOf(registry, acknowledged, { data_core: 'shop' })).toEqual([2]);
    expect(await valuesOf(registry, acknowledged, { data_core: 'depot' })).toEqual([3]);
    const state = 'flowcore_data_pump_state_gauge';
    expect(await valuesOf(registry, state, { data_core: 'shop' })).toEqual([1]);
    expect(await valuesOf(registry, state, { data_core: 'depot' })).toEqual([1]);
  });

  it('adds up what two engines say of one data core', async () => {
    const registry = new Registry();
    const telemetry = prometheusTelemetry({ registry });
    const engines = [bench.engine(evenOnly, { telemetry }), bench.engine(evenOnly, { telemetry })];
    const [first] = engines;
    if (!first) throw new Error('There is no engine');
    await write(first, 0, 2);
    for (const engine of engines) await engine.start();
    for (const engine of engines) await engine.pumps.drain();
    const acknowledged = 'flowcore_data_pump_events_acknowledged_counter';
    expect(await valuesOf(registry, acknowledged, EVENT_TYPE)).toEqual([4]);
    await until(() => engines.every((engine) => engine.pumps.status()[0]?.state === 'live'));
    expect(await valuesOf(registry, 'flowcore_data_pump_state_gauge', { state: 'live' })).toEqual([2]);
  });

  it('forgets the pumps of an engine that has stopped, and keeps its counters', async () => {
    const registry = new Registry();
    const engine = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry }) });
    await write(engine, 0);
    await engine.start();
    await engine.pumps.drain();
    await engine.stop();
    expect(await valuesOf(registry, 'flowcore_data_pump_state_gauge')).toEqual([]);
    expect(await valuesOf(registry, 'flowcore_data_pump_buffer_events_gauge')).toEqual([]);
    expect(await valuesOf(registry, 'flowcore_data_pump_events_acknowledged_counter')).toEqual([1]);
  });

  it('that was cleared gets its metrics again with the next engine', async () => {
    const registry = new Registry();
    const telemetry = prometheusTelemetry({ registry });
    registry.clear();
    const engine = bench.engine(evenOnly, { telemetry });
    await write(engine, 0);
    expect(await valuesOf(registry, 'flowcore_pathways_events_written_counter')).toEqual([1]);
  });

  it('of the process stays empty', async () => {
    const engine = bench.engine(evenOnly, { telemetry: prometheusTelemetry({ registry: new Registry() }) });
    await write(engine, 0);
    await engine.start();
    await engine.pumps.drain();
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it('with a metric of one of the names is refused, and left as it was', () => {
    const registry = new Registry();
    const name = 'flowcore_data_pump_events_failed_counter';
    const foreign = new Counter({ name, help: 'of another client', registers: [registry] });
    expect(() => prometheusTelemetry({ registry })).toThrow(MetricNameTakenError);
    expect(() => prometheusTelemetry({ registry })).toThrow(/events_failed_counter.*new Registry\(\)/);
    expect(registry.getMetricsAsArray()).toHaveLength(1);
    expect(registry.getSingleMetric(name)).toBe(foreign);
  });
});

describe('the options', () => {
  it('are checked, all of them at once', () => {
    const wrong = { registri: 1, handlerDurationBuckets: [1, 1] } as never;
    expect(() => prometheusTelemetry(wrong)).toThrow(PathwaysConfigurationError);
    expect(() => prometheusTelemetry(wrong)).toThrow(/registri.*\n.*registry: must be.*\n.*handlerDuration/);
    expect(() => prometheusTelemetry(undefined as never)).toThrow(/registry: must be a Registry/);
  });

  it('choose the buckets of the handler duration', async () => {
    const registry = new Registry();
    const telemetry = prometheusTelemetry({ registry, handlerDurationBuckets: [0.5, 60] }).createTelemetry({
      tenant: 'acme',
      dataCore: 'shop',
    });
    telemetry.handlerFinished?.('order.0/order.placed.0', 1_500);
    const name = 'flowcore_pathways_handler_duration_seconds_histogram';
    expect(await valuesOf(registry, `${name}_bucket`)).toEqual([0, 1, 1]);
    expect(await valuesOf(registry, `${name}_sum`, EVENT_TYPE)).toEqual([1.5]);
  });
});
