import {
  createPathwayContract,
  MemoryPathwayState,
  PathwaysEngine,
  type DeadLetterReplay,
  type DeadLetterStore,
  type EventContext,
  type EventOutcome,
  type FlowcoreEvent,
  type LogFields,
  type PathwayEvent,
  type PathwayOptions,
  type PathwaysStoreFactory,
  type PathwayState,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';

export const SOURCE = 'a.0::default';

/** What every event of these specs carries. */
export interface Numbered {
  readonly key: string;
  readonly n: number;
}

type Handle = (payload: Numbered, context: EventContext) => unknown;

/** One instance: a real engine on the given stores, to which events are delivered one by one. */
export class Instance {
  readonly clock = new ControllableClock(Date.UTC(2026, 4, 1, 10));
  readonly engine: PathwaysEngine;
  readonly warnings: { readonly message: string; readonly fields: LogFields | undefined }[] = [];

  constructor(
    readonly stores: Stores | PathwaysStoreFactory,
    handle: Handle | undefined,
    options: Partial<PathwayOptions<never>> = {},
  ) {
    this.engine = new PathwaysEngine({
      baseUrl: 'http://127.0.0.1:9',
      clock: this.clock,
      store: stores,
      logger: {
        debug() {},
        info() {},
        error() {},
        warn: (message, fields) => void this.warnings.push({ message, fields }),
      },
    });
    if (handle) this.handle('b.0', handle, options);
  }

  handle(eventType: string, handle: Handle, options: Partial<PathwayOptions<never>> = {}): void {
    const orderBy = (({ payload }: FlowcoreEvent<Numbered>) => payload.key) as never;
    this.engine.addContract(
      createPathwayContract(
        { flowType: 'a.0', eventType, maxRetries: 0, orderBy, ...options },
        { declaredBy: 'test' },
      ),
    );
    this.engine.handlers.addHandler({
      pathway: `a.0/${eventType}`,
      where: 'Test.handle',
      invoke: (event: PathwayEvent, context) => handle(event.payload as Numbered, context),
    });
  }

  get deadLetters() {
    return this.engine.deadLetters;
  }

  deliver(event: FlowcoreEvent, generation = 0): Promise<EventOutcome> {
    return this.engine.processor.process(event, { source: SOURCE, generation });
  }

  async deliverAll(events: readonly FlowcoreEvent[], generation = 0): Promise<string[]> {
    const statuses: string[] = [];
    for (const event of events) statuses.push((await this.deliver(event, generation)).status);
    return statuses;
  }
}

/** What instances share. */
export interface Stores {
  readonly state: PathwayState;
  readonly deadLetters: DeadLetterStore;
}

export function memoryStores(): Stores {
  return { state: new MemoryPathwayState(), deadLetters: new MemoryDeadLetterStore() };
}

/** The same store, with something in front of its removals. */
export function beforeRemoval(store: DeadLetterStore, happens: () => Promise<void>): DeadLetterStore {
  const { remove } = store;
  const removal: DeadLetterStore['remove'] = async (...which) => {
    await happens();
    await remove.apply(store, which);
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = name === 'remove' ? removal : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

let serial = 0xbde7ac07;

/** Events in the order of their ids. */
export function event(key: string, n: number, eventType = 'b.0'): FlowcoreEvent<Numbered> {
  return {
    eventId: `${(serial++).toString(16)}-4548-11f1-9234-0123456789ab`,
    timeBucket: '20260501100000',
    tenant: 'acme',
    dataCoreId: 'core',
    flowType: 'a.0',
    eventType,
    metadata: {},
    payload: { key, n },
    validTime: '2026-05-01T10:00:00.000Z',
  };
}

export function events(key: string, ...numbers: number[]): FlowcoreEvent<Numbered>[] {
  return numbers.map((n) => event(key, n));
}

/** A replay's result by ids. */
export function idsOf({ replayed, failed, skipped }: DeadLetterReplay) {
  return {
    replayed: replayed.map(({ eventId }) => eventId),
    failed: failed.map(({ eventId, waiting }) => [eventId, waiting]),
    skipped: skipped.map(({ eventId, why, behind }) => [eventId, why, behind]),
  };
}
