import type { Registry } from 'prom-client';
import { afterEach, beforeEach } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

export const PATHWAY = 'order.0/order.placed.0';

/** What the handlers of a test are told. */
export interface Order {
  readonly n: number;
}

export type Handle = (order: Order) => unknown;

/** Engines on one Local Flowcore, for one test each. */
export class MetricsBench {
  local: LocalFlowcore | undefined;
  private readonly engines: PathwaysEngine[] = [];

  constructor() {
    beforeEach(async () => {
      this.local = await startLocalFlowcore();
    });
    afterEach(async () => {
      await Promise.all(this.engines.splice(0).map((engine) => engine.stop()));
      await this.local?.stop();
    });
  }

  engine(handle: Handle, options: PathwaysEngineOptions = {}): PathwaysEngine {
    const engine = new PathwaysEngine({
      ...(this.local && { baseUrl: this.local.url }),
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
      runtimeEnv: 'test',
      ...options,
      pump: { startFrom: 'beginning', pollIntervalMs: 100, ...options.pump },
    });
    const contract = createPathwayContract(
      {
        flowType: 'order.0',
        eventType: 'order.placed.0',
        maxRetries: 1,
        retryDelayMs: 1,
        onExhausted: 'continue',
        orderBy: (event) => String((event.payload as Order).n),
      },
      { declaredBy: 'test' },
    );
    engine.addContract(contract);
    engine.handlers.addHandler({
      pathway: PATHWAY,
      where: 'test',
      invoke: (event) => handle(event.payload as Order),
    });
    this.engines.push(engine);
    return engine;
  }
}

export async function write(engine: PathwaysEngine, ...numbers: number[]): Promise<string[]> {
  return engine.writer.write(PATHWAY, {
    batch: true,
    data: numbers.map((n) => ({ n })),
    options: { fireAndForget: true },
  });
}

/** One exported line: `name{labels} value`. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape reads, parsed from the text it gets. */
export async function samplesOf(registry: Registry): Promise<Sample[]> {
  const text = await registry.metrics();
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (.+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

/** The samples of one metric whose labels include the given ones. */
export async function valuesOf(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number[]> {
  const samples = await samplesOf(registry);
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .map(({ value }) => value);
}
