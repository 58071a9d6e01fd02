import { afterEach } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import {
  createPathwayContract,
  PathwaysEngine,
  type FlowcoreEvent,
  type PathwayEvent,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';

export const V1 = 'example-keyring-v1-secret-at-least-32-chars';
export const V2 = 'example-keyring-v2-secret-at-least-32-chars';
export const KEY = 'order.0/order.placed.0';
export const MARKERS = {
  'pathways/encrypted': 'true',
  'pathways/encryption-scheme': 'aes-256-gcm-sha256-v1',
  'pathways/encryption-key-id': 'v2',
};
export const RING = { keyring: { activeKeyId: 'v2', keys: { v1: V1, v2: V2 } } };

/** One service: an engine with one pathway, and what its handler got. */
export interface Service {
  readonly engine: PathwaysEngine;
  readonly handled: PathwayEvent[];
  /** Held up by what it returns. */
  hold: ((event: PathwayEvent) => unknown) | undefined;
  readonly log: { level: string; message: string; fields?: unknown }[];
}

/** Services on one Local Flowcore, each with stores of its own. Stopped after the test. */
export function services() {
  let local: LocalFlowcore | undefined;
  const engines: PathwaysEngine[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
    await local?.stop();
    local = undefined;
  });

  async function create(
    options: PathwaysEngineOptions = {},
    pathway: Partial<PathwayOptions<never>> = {},
  ): Promise<Service> {
    local ??= await startLocalFlowcore();
    const handled: PathwayEvent[] = [];
    const log: Service['log'] = [];
    const line = (level: string) => (message: string, fields?: unknown) =>
      void log.push({ level, message, fields });
    const logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      pump: { startFrom: 'beginning' },
      logger,
      ...options,
    });
    engines.push(engine);
    const service: Service = { engine, handled, log, hold: undefined };
    const contract = createPathwayContract(
      { flowType: 'order.0', eventType: 'order.placed.0', encrypted: true, ...pathway },
      { declaredBy: 'class OrderPlaced' },
    );
    engine.addContract(contract);
    engine.handlers.addHandler({
      pathway: contract.key,
      where: 'Orders.project',
      invoke: (event) => {
        handled.push(event);
        return service.hold?.(event);
      },
    });
    return service;
  }

  async function start(...given: Parameters<typeof create>): Promise<Service> {
    const service = await create(...given);
    await service.engine.start();
    return service;
  }

  /** Sees the events as they are stored: for it the pathway is not encrypted. */
  const startReader = () => start({}, { encrypted: false });
  return { create, start, startReader };
}

/** Changing anything in it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

let serial = 0;
/** An event as the platform delivers it; by default vector C. */
export function delivered(overrides: Partial<FlowcoreEvent> = {}): FlowcoreEvent {
  return frozen({
    eventId: `${(0xbde7ac07 + serial++).toString(16)}-4548-11f1-9234-0123456789ab`,
    timeBucket: '20260501100000',
    tenant: 'acme',
    dataCoreId: 'core',
    flowType: 'order.0',
    eventType: 'order.placed.0',
    metadata: { trace: 't-1', ...MARKERS },
    payload: {
      encryptedPayload:
        'AAECAwQFBgcICQoL.iVxy35KTaTAWMRrYOtUA3vHQhI93xZwuG8gtf0v1zh9FYpfuJpWgWA==.bnfIqjgHyTq1UDKBPoRrjw==',
    },
    validTime: '2026-05-01T10:00:00.000Z',
    ...overrides,
  });
}
export const VECTOR_C = { id: 'order-1', note: 'føroyskt 🔐' };
