import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwayHandlerFailedError,
  PathwayRouter,
  PathwaysEngine,
  PathwayWriteUnawaitableError,
  silentLogger,
  type EventSignals,
  type FlowcoreEvent,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { systemClock } from '../../lib/event/clock.interface.js';
import { memoryStore } from '../../lib/state/memory.store.js';
import { failureOf } from '../support/failure-of.js';
import { deferred } from '../support/pump-harness.js';
import { until } from '../support/until.js';

const KEY = 'a.0/b.0';
const WRITE = { data: { n: 1 } };
/** What the platform posts, but for the id. */
const POSTED = {
  timeBucket: '20260501100000',
  tenant: 'local',
  dataCoreId: 'local',
  flowType: 'a.0',
  eventType: 'b.0',
  metadata: {},
  payload: { n: 1 },
  validTime: '2026-05-01T10:00:00.000Z',
};

let local: LocalFlowcore;
const engines: PathwaysEngine[] = [];

beforeEach(async () => {
  local = await startLocalFlowcore();
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
  await local.stop();
});

function engineWith(
  options: PathwaysEngineOptions = {},
  pathway: Partial<PathwayOptions> = {},
  handle: (event: FlowcoreEvent<{ n: number }>) => unknown = () => undefined,
): PathwaysEngine {
  const pump = options.pump === false ? false : { startFrom: 'beginning' as const, ...options.pump };
  const engine = new PathwaysEngine({ baseUrl: local.url, logger: silentLogger, ...options, pump });
  const contract = { flowType: 'a.0', eventType: 'b.0', maxRetries: 0, ...pathway };
  engine.addContract(createPathwayContract(contract, { declaredBy: 'test' }));
  const invoke = (event: FlowcoreEvent) => handle(event as FlowcoreEvent<{ n: number }>);
  engine.handlers.addHandler({ pathway: KEY, where: 'Test.handle', invoke });
  engines.push(engine);
  return engine;
}

describe('a wait that nothing here can end is refused before anything is sent', () => {
  async function refusalOf(engine: PathwaysEngine): Promise<string> {
    const stored = local.eventCount();
    const error = await failureOf(engine.writer.write(KEY, WRITE), PathwayWriteUnawaitableError);
    expect(local.eventCount()).toBe(stored);
    return error.message;
  }

  it('the pumps are off, and there is no webhook', async () => {
    const engine = engineWith({ pump: false });
    await engine.start();
    expect(await refusalOf(engine)).toContain('pump is false and there is no webhook');
    const options = { fireAndForget: true };
    await engine.writer.write(KEY, { ...WRITE, options });
    expect(local.eventCount()).toBe(1);
  });

  it('its contract has subscribe: false, whoever it says handles it elsewhere', async () => {
    for (const handledElsewhere of [undefined, true, false]) {
      const engine = engineWith(
        {},
        { subscribe: false, ...(handledElsewhere !== undefined && { handledElsewhere }) },
      );
      await engine.start();
      const message = await refusalOf(engine);
      expect(message).toContain('its contract has subscribe: false, so this application never receives it');
    }
  });

  it('the platform posts the events, and there is no webhook', async () => {
    const managed = { runtimeEnv: 'production', pathwayMode: 'managed', autoProvision: false } as const;
    const names = { tenant: 'local', dataCore: 'local', apiKey: 'fc_id_secret' };
    // In production memory is refused, unless somebody made it.
    const { state, cursors, deadLetters } = memoryStore(systemClock, {});
    const engine = engineWith({ ...managed, ...names, store: { state, cursors, deadLetters } });
    await engine.start();
    expect(await refusalOf(engine)).toContain('pathwayMode is managed and there is no webhook');
  });

  it('the pumps are off, and a router takes deliveries: it waits for the one that comes', async () => {
    const engine = engineWith({ pump: false });
    await engine.start();
    const router = new PathwayRouter(engine.processor, 'secret');
    const writing = engine.writer.write(KEY, WRITE);
    await until(() => local.eventCount() === 1);
    // The id as the platform would post it.
    const eventId = await storedId(local);
    await router.processEvent({ ...POSTED, eventId }, 'secret');
    expect(await writing).toBe(eventId);
  });

  it('its pump is paused; once it is resumed, the write waits and is processed', async () => {
    const engine = engineWith();
    await engine.start();
    engine.pumps.pause();
    expect(await refusalOf(engine)).toContain('the pump a.0::default is paused; resume it first');
    engine.pumps.resume();
    await engine.writer.write(KEY, WRITE);
  });

  it('its pump was stopped, or never started', async () => {
    const engine = engineWith({ pump: { autoStart: false } });
    await engine.start();
    expect(await refusalOf(engine)).toContain('the pump a.0::default is stopped; start it first');
    await engine.pumps.start();
    await engine.writer.write(KEY, WRITE);
    await engine.pumps.stop();
    expect(await refusalOf(engine)).toContain('is stopped');
  });

  it('its pump has halted at an event that failed', async () => {
    let isBroken = true;
    const engine = engineWith({}, { onExhausted: 'halt' }, () => {
      if (isBroken) throw new Error('broken');
    });
    await engine.start();
    await engine.writer.write(KEY, { ...WRITE, options: { fireAndForget: true } });
    await until(() => engine.pumps.status()[0]?.state === 'halted');
    expect(await refusalOf(engine)).toContain('has halted at an event that failed');
    isBroken = false;
    engine.pumps.resume();
    await engine.writer.write(KEY, WRITE);
  });

  it('the application is shutting down', async () => {
    const engine = engineWith();
    await engine.start();
    await engine.stop();
    expect(await refusalOf(engine)).toContain('shutting down');
  });

  it('before the start, a pump that will start by itself is waited for', async () => {
    const engine = engineWith();
    const writing = engine.writer.write(KEY, WRITE);
    await until(() => local.eventCount() === 1);
    await engine.start();
    await writing;
  });

  it('a store with signals: another instance may handle it, so it waits', async () => {
    const waited: string[] = [];
    const signals: EventSignals = {
      waitFor: (eventIds) => {
        waited.push(...eventIds);
        return () => undefined;
      },
      ended: () => undefined,
    };
    const engine = engineWith({ pump: false, store: { signals } });
    const caller = new AbortController();
    const writing = engine.writer.write(KEY, { ...WRITE, options: { signal: caller.signal } });
    writing.catch(() => undefined);
    await until(() => waited.length === 1);
    caller.abort(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');
  });
});

describe('a wait that nothing here can end any more, as the event is stored already', () => {
  /** An engine whose handler has the event 0 until the gate opens; events 1 and 2 are behind it, and waited for. */
  async function waitingBehind(
    gate: Promise<void>,
    { pathway = {}, atEnd = () => {} }: { pathway?: Partial<PathwayOptions>; atEnd?: () => void } = {},
  ) {
    const handled: number[] = [];
    let answered = 0;
    const telemetry = { eventsWritten: () => void answered++ };
    const engine = engineWith({ telemetry }, pathway, async (event) => {
      handled.push(event.payload.n);
      if (event.payload.n > 0) return;
      await gate;
      atEnd();
    });
    await engine.start();
    const write = (n: number) => engine.writer.write(KEY, { data: { n } });
    const first = write(0);
    await until(() => handled.length === 1);
    const behind = [write(1), write(2)];
    // They wait, and are not on their way any more.
    await until(() => answered === 3);
    return { engine, handled, first, behind };
  }

  it('its pump is paused: the event in its handler is waited for, those behind it are not', async () => {
    const gate = deferred();
    const { engine, handled, first, behind } = await waitingBehind(gate.promise);
    const refused = behind.map((write) => failureOf(write, PathwayWriteUnawaitableError));
    await engine.pumps.pause();
    gate.resolve();
    await first;
    for (const { message, stored, eventId } of await Promise.all(refused)) {
      expect(message).toContain('the pump a.0::default is paused; resume it first');
      expect(message).toContain(`Event ${eventId} of ${KEY} is stored`);
      expect(stored).toBe(true);
    }
    expect(handled).toEqual([0]);
    await engine.pumps.resume();
    await until(() => handled.length === 3);
  });

  it('its pump halts at an event before it', async () => {
    const gate = deferred();
    const atEnd = () => {
      throw new Error('broken');
    };
    const halting = { pathway: { onExhausted: 'halt' }, atEnd } as const;
    const { first, behind } = await waitingBehind(gate.promise, halting);
    const failed = failureOf(first, PathwayHandlerFailedError);
    const refused = behind.map((write) => failureOf(write, PathwayWriteUnawaitableError));
    gate.resolve();
    expect((await failed).consequence).toBe('halted');
    for (const { message, stored } of await Promise.all(refused)) {
      expect(message).toContain('the pump a.0::default has halted at an event that failed');
      expect(stored).toBe(true);
    }
  });

  it('its pump is paused while the event is on its way to the platform', async () => {
    const engine = engineWith();
    await engine.start();
    const refused = failureOf(engine.writer.write(KEY, WRITE), PathwayWriteUnawaitableError);
    await engine.pumps.pause();
    expect((await refused).stored).toBe(true);
    expect(local.eventCount()).toBe(1);
  });

  it('its pump is paused, and a router takes deliveries: it waits for the one that comes', async () => {
    const engine = engineWith();
    await engine.start();
    const router = new PathwayRouter(engine.processor, 'secret');
    const writing = engine.writer.write(KEY, WRITE);
    await engine.pumps.pause();
    await until(() => local.eventCount() === 1);
    const eventId = await storedId(local);
    await router.processEvent({ ...POSTED, eventId }, 'secret');
    expect(await writing).toBe(eventId);
  });
});

async function storedId(local: LocalFlowcore): Promise<string> {
  const {
    FlowcoreClient,
    DataCoreFetchCommand,
    FlowTypeFetchCommand,
    EventTypeFetchCommand,
    EventTypeInfoCommand,
  } = await import('@flowcore/sdk');
  const client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
  client.setBaseUrl(local.url);
  const core = await client.execute(new DataCoreFetchCommand({ tenant: 'local', dataCore: 'local' }));
  const flow = await client.execute(new FlowTypeFetchCommand({ dataCoreId: core.id, flowType: 'a.0' }));
  const type = await client.execute(new EventTypeFetchCommand({ flowTypeId: flow.id, eventType: 'b.0' }));
  const info = await client.execute(
    new EventTypeInfoCommand({ tenant: 'local', eventTypeId: type.id, limit: 1 }),
  );
  return info.lastEvents[0]?.eventId ?? '';
}
