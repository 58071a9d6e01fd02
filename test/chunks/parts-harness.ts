import {
  createPathwayContract,
  MemoryChunkStore,
  MemoryPathwayState,
  PathwaysEngine,
  type EventOutcome,
  type FlowcoreEvent,
  type PathwayEvent,
  type PathwayOptions,
  type PathwaysStore,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { splitEvent, type SplitRequest } from '../../lib/writer/chunks/event.splitter.js';

const SOURCE = 'a.0::default';

let serial = 0xbde7ac07;

export function eventOf(payload: unknown, metadata: FlowcoreEvent['metadata'] = {}): FlowcoreEvent {
  return {
    eventId: `${(serial++).toString(16)}-4548-11f1-9234-0123456789ab`,
    timeBucket: '20260501100000',
    tenant: 'acme',
    dataCoreId: 'core',
    flowType: 'a.0',
    eventType: 'b.0',
    metadata,
    payload,
    validTime: '2026-05-01T10:00:00.000Z',
  };
}

/** The parts of one event, as the platform hands them out. */
export async function partsOf(payload: unknown, more: Partial<SplitRequest> = {}): Promise<FlowcoreEvent[]> {
  const chunkId = `chunk-${serial}`;
  const text = JSON.stringify(payload);
  const { parts } = await splitEvent({ key: 'a.0/b.0', text, chunkId, partBudgetBytes: 400, ...more });
  const markers = more.cipher && { 'pathways/encrypted': 'true', 'pathways/encryption-key-id': 'v1' };
  return parts.map((part) =>
    eventOf(JSON.parse(part.text), { source: 'api', 'pathways/chunked': 'true', ...markers }),
  );
}

/** One instance, to which events are delivered one by one. */
export class Collector {
  readonly clock = new ControllableClock(Date.UTC(2026, 4, 1, 10));
  readonly engine: PathwaysEngine;
  readonly handled: PathwayEvent[] = [];
  readonly warnings: { message: string; fields: unknown }[] = [];
  /** Replaces the handler. */
  handle: (event: PathwayEvent) => unknown = () => {};

  constructor(
    readonly store: Partial<PathwaysStore> = memoryParts(),
    options: Partial<PathwayOptions<never>> = {},
  ) {
    this.engine = new PathwaysEngine({
      baseUrl: 'http://127.0.0.1:9',
      clock: this.clock,
      store,
      pump: false,
      logger: {
        debug() {},
        info() {},
        error() {},
        warn: (message, fields) => void this.warnings.push({ message, fields }),
      },
    });
    this.engine.addContract(
      createPathwayContract(
        { flowType: 'a.0', eventType: 'b.0', maxRetries: 0, ...options },
        { declaredBy: 'test' },
      ),
    );
    this.engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      invoke: async (event) => {
        await this.handle(event);
        this.handled.push(event);
      },
    });
  }

  deliver(event: FlowcoreEvent, generation = 0): Promise<EventOutcome> {
    return this.engine.processor.process(event, { source: SOURCE, generation });
  }

  async deliverAll(events: readonly FlowcoreEvent[], generation = 0): Promise<string[]> {
    const statuses: string[] = [];
    for (const event of events) statuses.push((await this.deliver(event, generation)).status);
    return statuses;
  }

  async letters() {
    return this.engine.store.deadLetters.list();
  }
}

export function memoryParts() {
  return {
    state: new MemoryPathwayState(),
    deadLetters: new MemoryDeadLetterStore(),
    chunks: new MemoryChunkStore(),
  };
}
