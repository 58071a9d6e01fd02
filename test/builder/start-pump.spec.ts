import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoopLogger, PathwaysBuilder, type PathwaysBuilderOptions } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

// What the reference client documents of its pumps; the published version has none to compare with.

const KEY = 'order/placed';

describe('startPump', () => {
  let local: LocalFlowcore;
  let opened: { close(): Promise<void> } | undefined;

  beforeEach(async () => {
    local = await startLocalFlowcore();
  });
  afterEach(async () => {
    await opened?.close();
    await local.stop();
  });

  function create(options: Partial<PathwaysBuilderOptions> = {}) {
    const runs: string[] = [];
    const builder = new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      runtimeEnv: 'development',
      logger: new NoopLogger(),
      pump: { startFrom: 'beginning' },
      ...options,
    })
      .register({ flowType: 'order', eventType: 'placed' })
      .handle(KEY, ({ payload }) => void runs.push((payload as { orderId: string }).orderId));
    opened = builder;
    return { builder, runs };
  }

  it('resolves with nothing, and `pump` is there while pumps run', async () => {
    const { builder } = create();
    expect(builder.pump).toBeUndefined();
    expect(await builder.startPump()).toBeUndefined();
    expect(builder.pump?.status()).toMatchObject([{ pump: 'order::default' }]);
  });

  it('leaves no `pump` in production that is managed: the platform posts the events', async () => {
    const production = {
      runtimeEnv: 'production',
      compatibility: 'reference',
      autoProvision: false,
    } as const;
    const { builder } = create(production);
    await builder.startPump();
    expect(builder.pump).toBeUndefined();
  });

  it('warns of each option that has no effect', async () => {
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (text: string) => void warnings.push(text) };
    const { builder } = create({ logger });
    await builder.startPump({ maxRedeliveryCount: 3, pulse: {} });
    expect(warnings).toEqual([
      expect.stringContaining('maxRedeliveryCount of PathwaysBuilder has no effect'),
      expect.stringContaining('pulse of PathwaysBuilder has no effect'),
    ]);
  });

  it('resetPump without a position goes to the present, and runs nothing again', async () => {
    const { builder, runs } = create();
    await builder.startPump();
    await builder.write(KEY, { data: { orderId: 'o-1' } });
    await builder.resetPump();
    // What ran again would run before it.
    await builder.write(KEY, { data: { orderId: 'o-2' } });
    expect(runs).toEqual(['o-1', 'o-2']);
  });
});
