import { afterEach, describe, expect, it, vi } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { silentLogger } from '../event/logger.interface.js';
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

  it('the options of the caller are not changed', () => {
    const options = Object.freeze({ tenant: 'acme', pump: Object.freeze({ concurrency: 2 }) });
    expect(resolveEngineOptions(options).pump.concurrency).toBe(2);
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
    ['runtimeEnv', { runtimeEnv: 'prod' }],
  ])('%s is refused by its path', (path, options) => {
    expect(problemsOf(options)).toEqual([path]);
  });

  it('the API key is never part of the message', () => {
    expect(() => resolveEngineOptions({ apiKey: 'fc_id_secret', tenant: 5 } as never)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });
});
