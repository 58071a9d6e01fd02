import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  type PathwayMode,
  type PathwaysEngineOptions,
  type RuntimeEnv,
} from 'nestjs-pathways';
import { NoopLogger, PathwaysBuilder } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

// What is in force must be told however an application is made: not every one is a Nest application.

let local: LocalFlowcore;
const open: { close(): Promise<void> }[] = [];
let lines: string[] = [];

beforeEach(async () => {
  lines = [];
  local = await startLocalFlowcore();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await local.stop();
});

class Lines extends NoopLogger {
  override info(line = ''): void {
    lines.push(line);
  }
}
const described = () => lines.filter((line) => /\((production|development|test), /.test(line));
const place = () => ({ baseUrl: local.url, tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' });

function engineOf(options: PathwaysEngineOptions): PathwaysEngine {
  const engine = new PathwaysEngine({ ...place(), autoProvision: false, logger: new Lines(), ...options });
  open.push({ close: () => engine.stop() });
  return engine;
}

function builderOf(runtimeEnv: RuntimeEnv, pathwayMode: PathwayMode): PathwaysBuilder {
  const kept = { compatibility: 'reference', singleInstance: true, autoProvision: false } as const;
  const builder = new PathwaysBuilder({
    ...place(),
    ...kept,
    runtimeEnv,
    pathwayMode,
    logger: new Lines(),
  });
  open.push(builder);
  return builder;
}

const POSTED = 'no pumps: the platform delivers to the webhook';
const LIVE = 'pumps start from live';
const MEMORY = 'in memory: state, cursors, deadLetters';
const CASES = [
  ['production', 'managed', POSTED],
  ['production', 'virtual', LIVE],
  ['development', 'managed', LIVE],
  ['development', 'virtual', LIVE],
  ['test', 'managed', LIVE],
  ['test', 'virtual', LIVE],
] as const;

it.each(CASES)('an engine in %s, %s, says so once: %s', async (runtimeEnv, pathwayMode, pumps) => {
  const { state, cursors, deadLetters } = engineOf({ runtimeEnv: 'test' }).store;
  const store = { state, cursors, deadLetters };
  const engine = engineOf({ runtimeEnv, pathwayMode, store, singleInstance: true });
  expect(described()).toEqual([]);
  await engine.start();
  engine.addContract(
    createPathwayContract({ flowType: 'late.0', eventType: 'come.0' }, { declaredBy: 'test' }),
  );
  await engine.refresh();
  expect(described()).toEqual([
    `Data core "acme/shop" (${runtimeEnv}, ${pathwayMode}): platform ${local.url}, ${pumps}, ${MEMORY}`,
  ]);
});

it.each(CASES)('a builder in %s, %s, says so once: %s', async (runtimeEnv, pathwayMode, pumps) => {
  const builder = builderOf(runtimeEnv, pathwayMode);
  await builder.startPump();
  await builder.stopPump();
  await builder.startPump();
  expect(described()).toEqual([
    `Data core "acme/shop" (${runtimeEnv}, ${pathwayMode}): platform ${local.url}, ${pumps}, ${MEMORY}`,
  ]);
});

it('a builder says where its pumps start as startPump was told', async () => {
  await builderOf('test', 'virtual').startPump({ startFrom: 'beginning' });
  expect(described()).toEqual([expect.stringContaining('pumps start from beginning')]);
});

it('a start that fails has said what it wanted', async () => {
  const open = () => Promise.reject(new Error('The database is gone'));
  await expect(engineOf({ runtimeEnv: 'test', store: { open } }).start()).rejects.toThrow('is gone');
  expect(described()).toHaveLength(1);
});

it('one that comes after the stop says nothing', async () => {
  const engine = engineOf({ runtimeEnv: 'test' });
  await engine.stop();
  await engine.start();
  expect(described()).toEqual([]);
});
