import { afterEach, describe, expect, it, vi } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { PumpOptions } from '../pump/pump.options.js';
import { natsNotifier } from '../nats/index.js';
import { silentLogger } from '../event/logger.interface.js';
import type { OutboxOptions } from '../writer/outbox/outbox.options.js';
import type { PathwaysEngineOptions } from './engine.options.js';
import { resolveEngineOptions, runtimeEnvOf } from './engine.defaults.js';

afterEach(() => vi.unstubAllEnvs());

const problemsOf = (options: object): string[] => {
  try {
    resolveEngineOptions(options);
    return [];
  } catch (error) {
    return (error as PathwaysConfigurationError).problems.map(({ path }) => path);
  }
};

describe('defaults', () => {
  it('every option that is left out has one', () => {
    const resolved = resolveEngineOptions({});
    const missing = Object.entries(resolved).filter(([, value]) => value === undefined);
    expect(missing.map(([key]) => key)).toEqual(['baseUrl']);
    expect(Object.values(resolved.pump)).not.toContain(undefined);
  });

  it('a value that is given is kept, falsy ones included', () => {
    const resolved = resolveEngineOptions({
      handlerTimeoutMs: 0,
      shutdownTimeoutMs: 0,
      pump: { lookBackMs: 0 },
    });
    expect(resolved).toMatchObject({ handlerTimeoutMs: 0, shutdownTimeoutMs: 0, pump: { lookBackMs: 0 } });
  });

  it.each([[5], [{ key: 'fc_id_s3cr3t' }], [['fc_id_s3cr3t']], ['  ']])(
    'an API key must be a text or a function, and %j is not shown',
    (apiKey) => {
      const resolve = () => resolveEngineOptions({ apiKey } as unknown as PathwaysEngineOptions);
      expect(resolve).toThrow(/apiKey: must be a non-empty string, or a function/);
      expect(resolve).not.toThrow(/s3cr3t/);
    },
  );

  it('an API key that is a function is not asked before it is needed', () => {
    const apiKey = vi.fn(() => 'fc_id_secret');
    expect(resolveEngineOptions({ apiKey }).apiKey).toBe(apiKey);
    expect(apiKey).not.toHaveBeenCalled();
  });

  it('the options of the caller are not changed', () => {
    const options = Object.freeze({ tenant: 'acme', pump: Object.freeze({ concurrency: 2 }) });
    expect(resolveEngineOptions(options).pump.concurrency).toBe(2);
  });

  it('a session’s user resolver is kept for an hour', () => {
    expect(resolveEngineOptions({}).sessionUserResolverTtlMs).toBe(3_600_000);
  });

  it('of 10,001 sessions one is dropped, and it is said once', () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const { sessionUserResolvers } = resolveEngineOptions({ logger, runtimeEnv: 'test' });
    for (let at = 0; at < 10_003; at++) void sessionUserResolvers.set(`s-${at}`, () => undefined, 1_000);
    expect(warnings).toEqual([expect.stringContaining('sessionUserResolverTtlMs')]);
    expect(sessionUserResolvers.get('s-2', 1_000)).toBeUndefined();
    expect(sessionUserResolvers.get('s-3', 1_000)).toBeDefined();
  });

  it.each<[PathwaysEngineOptions['outbox'], Partial<OutboxOptions>]>([
    [undefined, { enabled: false, relay: true, concurrency: 4, retentionMs: 3_600_000 }],
    [false, { enabled: false, relay: true }],
    [true, { enabled: true, relay: true }],
    [{}, { enabled: true, relay: true }],
    [
      { enabled: false, relay: false, retentionMs: 0 },
      { enabled: false, relay: false, retentionMs: 0 },
    ],
  ])('outbox: %j', (outbox, expected) => {
    expect(resolveEngineOptions(outbox === undefined ? {} : { outbox }).outbox).toMatchObject(expected);
  });

  it('pump: false switches the pumps off', () => {
    expect(resolveEngineOptions({ pump: false }).pumpEnabled).toBe(false);
    expect(resolveEngineOptions({}).pumpEnabled).toBe(true);
  });
});

describe('environment', () => {
  it.each([
    ['production', 'production'],
    ['test', 'test'],
    ['development', 'development'],
    ['staging', 'development'],
    [undefined, 'development'],
    ['', 'development'],
  ])('NODE_ENV %s means %s', (nodeEnv, expected) => {
    expect(runtimeEnvOf(nodeEnv)).toBe(expected);
  });

  it('an unknown NODE_ENV is warned about, unless runtimeEnv is given', () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    vi.stubEnv('NODE_ENV', 'staging');
    expect(resolveEngineOptions({ logger }).runtimeEnv).toBe('development');
    expect(warnings).toEqual([expect.stringContaining('NODE_ENV is "staging"')]);
    resolveEngineOptions({ logger, runtimeEnv: 'test' });
    expect(warnings).toHaveLength(1);
  });
});

describe('what cannot be used', () => {
  it('production names everything that is missing at once', () => {
    expect(problemsOf({ runtimeEnv: 'production' })).toEqual(['tenant', 'dataCore', 'apiKey', 'store']);
  });

  it('production accepts NODE_ENV as the reason', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(problemsOf({ tenant: 't', dataCore: 'd', apiKey: 'k' })).toEqual(['store']);
  });

  it.each<[string, object]>([
    ['baseUrl', { baseUrl: 'localhost:3000' }],
    ['hosts.ingestion', { hosts: { ingestion: 5 } }],
    ['hosts.ingest', { hosts: { ingest: 'http://x' } }],
    ['store.cursors', { store: { cursors: {} } }],
    ['pump', { pump: true }],
    ['pump.startFrom', { pump: { startFrom: 'yesterday' } }],
    ['pump.concurrency.byFlowType.a', { pump: { concurrency: { byFlowType: { a: 0 } } } }],
    ['logger', { logger: () => {} }],
    ['telemetry.eventFinished', { telemetry: { eventFinished: true } }],
    ['clock', { clock: Date }],
    ['audit.userResolvr', { audit: { userResolvr: () => undefined } }],
    ['audit.userResolver', { audit: { userResolver: 'ada' } }],
    ['audit.userResolver', { audit: { userResolver: class Users {} } }],
    ['audit.handler', { audit: { handler: true } }],
    ['sessionUserResolvers', { sessionUserResolvers: { get() {} } }],
    ['sessionUserResolverTtlMs', { sessionUserResolverTtlMs: 0 }],
    ['sessionUserResolverTtlMs', { sessionUserResolverTtlMs: '1h' }],
    ['runtimeEnv', { runtimeEnv: 'prod' }],
    ['provisionRetry.maxDelayMs', { provisionRetry: { baseDelayMs: 200, maxDelayMs: 100 } }],
    ['provisionRetry.maxDelayMs', { provisionRetry: { baseDelayMs: 6_000 } }],
    ['provisionRetry.maxDelayMs', { provisionRetry: { maxDelayMs: 249 } }],
  ])('%s is refused by its path', (path, options) => {
    expect(problemsOf(options)).toEqual([path]);
  });

  it('the API key is never part of the message', () => {
    expect(() => resolveEngineOptions({ apiKey: 'fc_id_secret', tenant: 5 } as never)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });
});

describe('chunking', () => {
  it('fits the platform, and parts fit into what may be sent whole', () => {
    const sizes = { enabled: undefined, maxEventBytes: 64_000, partBudgetBytes: 45_000 };
    expect(resolveEngineOptions({}).chunking).toEqual(sizes);
    expect(resolveEngineOptions({ chunking: { maxEventBytes: 1_000 } }).chunking.partBudgetBytes).toBe(1_000);
  });

  it.each([
    [{ partBudgetBytes: 70_000 }, 'chunking.partBudgetBytes', 'at most maxEventBytes (64000)'],
    [{ partBudgetBytes: 305 }, 'chunking.partBudgetBytes', 'from 306'],
    [{ enabled: 'false' }, 'chunking.enabled', 'true or false'],
    [{ maxBytes: 1 }, 'chunking.maxBytes', 'is not an option'],
  ])('%j is refused', (chunking, path, message) => {
    const resolve = () => resolveEngineOptions({ chunking: chunking as never });
    expect(resolve).toThrow(path);
    expect(resolve).toThrow(message);
  });
});

describe('options of the outbox that mean nothing', () => {
  it('are refused together, each by its name', () => {
    const outbox = {
      enabled: 'false',
      concurrency: 0,
      pollIntervalMs: 0,
      maxRetryDelayMs: -1,
      retentionMs: 1.5,
      relay: 'no',
      retries: 3,
    };
    expect(problemsOf({ outbox }).toSorted()).toEqual(
      Object.keys(outbox)
        .map((name) => `outbox.${name}`)
        .toSorted(),
    );
  });

  it.each(['true', 1, null, []])('such as %j are refused', (outbox) => {
    expect(problemsOf({ outbox })).toEqual(['outbox']);
  });
});

describe('N4: pump.notifier', () => {
  const resolve = (pump: PumpOptions) => {
    const { notifier, pollIntervalMs } = resolveEngineOptions({ pump }).pump;
    return { notifier, pollIntervalMs };
  };

  it.each<[PumpOptions, object]>([
    [{}, { notifier: 'websocket', pollIntervalMs: 2_000 }],
    [{ notifier: 'websocket' }, { notifier: 'websocket', pollIntervalMs: 2_000 }],
    [{ notifier: { type: 'websocket' } }, { notifier: 'websocket', pollIntervalMs: 2_000 }],
    [
      { notifier: 'poller', pollIntervalMs: 7 },
      { notifier: 'poller', pollIntervalMs: 7 },
    ],
    [
      { notifier: { type: 'poller' }, pollIntervalMs: 7 },
      { notifier: 'poller', pollIntervalMs: 7 },
    ],
    [
      { notifier: { type: 'poller', pollerIntervalMs: 60_000 } },
      { notifier: 'poller', pollIntervalMs: 60_000 },
    ],
  ])('%j is what runs', (pump, expected) => {
    expect(resolve(pump)).toEqual(expected);
  });

  it('nats is nats, in the form of the reference client and in ours', () => {
    const { notifier } = resolve({ notifier: { type: 'nats', natsServers: ['nats://x:4222'] } });
    expect(notifier).toEqual({ createNotifier: expect.any(Function) });
    const ours = natsNotifier({ servers: 'x' });
    expect(resolve({ notifier: ours }).notifier).toBe(ours);
  });

  it.each<[unknown, string]>([
    ['nats', 'pump.notifier'],
    ['polling', 'pump.notifier'],
    [7, 'pump.notifier'],
    [[], 'pump.notifier'],
    [{}, 'pump.notifier.type'],
    [{ pollerIntervalMs: 5 }, 'pump.notifier.type'],
    [{ type: 'constructor' }, 'pump.notifier.type'],
    [{ type: 'nats' }, 'pump.notifier.natsServers'],
    [{ type: 'nats', natsServers: [] }, 'pump.notifier.natsServers'],
    [{ type: 'nats', natsServers: 'x' }, 'pump.notifier.natsServers'],
    [{ type: 'nats', natsServers: ['x', 'http://x'] }, 'pump.notifier.natsServers[1]'],
    [{ type: 'nats', natsServers: ['nats://u:p@x'] }, 'pump.notifier.natsServers[0]'],
    [{ type: 'nats', servers: ['x'], natsServers: ['x'] }, 'pump.notifier.servers'],
    [{ type: 'poller', natsServers: ['x'] }, 'pump.notifier.natsServers'],
    [{ type: 'poller', pollerIntervalMs: 0 }, 'pump.notifier.pollerIntervalMs'],
    [{ type: 'websocket', pollerIntervalMs: 5 }, 'pump.notifier.pollerIntervalMs'],
  ])('%j is refused instead of replaced', (notifier, path) => {
    expect(problemsOf({ pump: { notifier } })).toEqual([path]);
  });

  it('two intervals that differ are refused', () => {
    const notifier = { type: 'poller', pollerIntervalMs: 5 };
    expect(problemsOf({ pump: { notifier, pollIntervalMs: 6 } })).toEqual(['pump.notifier.pollerIntervalMs']);
    expect(problemsOf({ pump: { notifier, pollIntervalMs: 5 } })).toEqual([]);
  });
});
