import { IsInt, IsString, Min } from 'class-validator';
import { afterEach } from 'vitest';
import { createPathwayContract } from '../contract/create-pathway-contract.js';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import { PathwayRegistry } from '../contract/pathway.registry.js';
import { silentLogger } from '../event/logger.interface.js';
import { startLocalFlowcore } from '../local/local-flowcore.js';
import { LocalTestClient } from '../local/local-flowcore.test-client.js';
import { FlowcoreClient } from '../platform/flowcore-client.js';
import { resolvePlatformHosts } from '../platform/platform-hosts.js';
import { LIMIT_MS, TestClock } from '../platform/platform.spec-util.js';
import type { PayloadCipher } from '../security/payload-cipher.interface.js';
import { EventWaiters } from '../state/event-waiters.js';
import { memoryStore } from '../state/memory.store.js';
import { ControllableClock } from '../testing/controllable-clock.js';
import { EventEncoder } from './chunks/event.encoder.js';
import { createDurableWrites } from './durable-writes.js';
import { resolveOutboxOptions } from './outbox/outbox.options.js';
import { PathwayWriter } from './pathway.writer.js';
import { ProcessingWaiter } from './processing.waiter.js';
import {
  MemorySessionUserResolverStore,
  type SessionUserResolverStore,
} from './session-user-resolver.store.js';
import type { UserResolver } from './user-resolver.interface.js';
import { WriteMetadataBuilder } from './write.metadata.js';

export const SESSION_TTL_MS = 3_600_000;
export const NOW = Date.UTC(2026, 4, 1, 10, 30);
export const KEY = 'order.0/placed.0';

export class OrderPlaced {
  @IsString() orderId!: string;
  @IsInt() @Min(1) quantity!: number;
}

const DURABLE = {
  logger: silentLogger,
  telemetry: {},
  maxBatchSize: 25,
  runtimeEnv: 'test',
  outbox: resolveOutboxOptions(undefined),
};

export const order = (at = 1): OrderPlaced => ({ orderId: `o-${at}`, quantity: 1 });
export const orders = (count: number): OrderPlaced[] =>
  Array.from({ length: count }, (_item, at) => order(at));

/** A writer towards a Local Flowcore of its own. What the processor would say is said by the test, through `waiters`. */
export function writersUnderTest() {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  return async function open({
    whyUnawaitable,
    userResolver,
    sessionUserResolvers,
    cipher,
  }: {
    whyUnawaitable?: string;
    userResolver?: UserResolver;
    sessionUserResolvers?: SessionUserResolverStore;
    cipher?: PayloadCipher;
  } = {}) {
    // Latency faults wait on the platform's own clock, so a test can hold a request and let it go.
    const platformClock = new ControllableClock(NOW);
    const local = await startLocalFlowcore({ clock: platformClock });
    const clock = new ControllableClock(NOW);
    const written: [key: string, count: number][] = [];
    const client = new FlowcoreClient({
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      hosts: resolvePlatformHosts(local.url),
      dedicatedLookup: false,
      requestTimeoutMs: LIMIT_MS,
      // Repeats at once; the time limit of a request never passes.
      clock: new TestClock((delayMs) => delayMs !== LIMIT_MS),
      logger: silentLogger,
      telemetry: {},
    });
    cleanups.push(
      () => client.close(),
      () => local.stop(),
    );

    const registry = new PathwayRegistry();
    const byClass = new Map<EventClass, PathwayContract>();
    const declare = <TPayload>(options: Partial<PathwayOptions<TPayload>> = {}, eventClass?: EventClass) => {
      const contract = createPathwayContract(
        { flowType: 'order.0', eventType: 'placed.0', ...options },
        { declaredBy: 'spec', eventClass },
      );
      registry.add(contract);
      if (eventClass) byClass.set(eventClass, contract);
    };
    declare({}, OrderPlaced);

    const store = memoryStore(clock);
    const waiters = new EventWaiters();
    /** What the pump was told. */
    const announced: string[] = [];
    const warnings: string[] = [];
    const failedCallbacks: string[] = [];
    const sessions = sessionUserResolvers ?? new MemorySessionUserResolverStore({ clock });
    const metadata = new WriteMetadataBuilder({
      userResolver,
      sessionUserResolvers: sessions,
      sessionUserResolverTtlMs: SESSION_TTL_MS,
      logger: { ...silentLogger, warn: (message) => void warnings.push(message) },
      telemetry: { callbackFailed: (_key, where) => void failedCallbacks.push(where) },
    });
    const writer = new PathwayWriter({
      metadata,
      sessionUserResolvers: sessions,
      sessionUserResolverTtlMs: SESSION_TTL_MS,
      registry,
      contractOf: (eventClass) => byClass.get(eventClass),
      ingestion: client.ingestion,
      durable: createDurableWrites({
        options: { ...DURABLE, clock },
        store,
        ingestion: client.ingestion,
        onStored: () => {},
      }).writer,
      outboxByDefault: false,
      writesParsed: false,
      waiter: new ProcessingWaiter({
        store,
        waiters,
        clock,
        whyInVain: () => undefined,
        whyAtRest: () => undefined,
      }),
      clock,
      telemetry: { eventsWritten: (key, count) => void written.push([key, count]) },
      pathwayTimeoutMs: 10_000,
      maxBatchSize: 25,
      encoder: new EventEncoder({ enabled: true, maxEventBytes: 64_000, partBudgetBytes: 45_000 }),
      cipherOf: () => cipher,
      whyUnawaitable: () => whyUnawaitable,
      whyAtRest: () => undefined,
      onStored: (_pathway, eventIds) => void announced.push(...eventIds),
    });
    const platform = LocalTestClient.of(local);
    return {
      writer,
      metadata,
      local,
      platform,
      platformClock,
      clock,
      declare,
      waiters,
      store,
      announced,
      written,
      warnings,
      failedCallbacks,
    };
  };
}
