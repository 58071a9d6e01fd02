import {
  createPathwayContract,
  PathwaysEngine,
  type PathwayOptions,
  type PathwaysEngineOptions,
  type PathwaysLogger,
  type PumpStatus,
} from 'nestjs-pathways';
import { dataPump } from 'nestjs-pathways/data-pump';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, beforeEach } from 'vitest';
import { rawWrite } from '../../interop/raw-write.js';
import { installedDataPump, type MadePump, type StandIn } from './installed-package.js';

export const API_KEY = 'fc_shop_very-secret-key';

/** Engines that read with the stand-in, on a Local Flowcore. */
export class DataPumpWorld {
  readonly engines: PathwaysEngine[] = [];
  readonly log: string[] = [];
  readonly logger: PathwaysLogger = {
    debug: (text) => void this.log.push(`debug ${text}`),
    info: (text) => void this.log.push(`info ${text}`),
    warn: (text) => void this.log.push(`warn ${text}`),
    error: (text) => void this.log.push(`error ${text}`),
  };
  local!: LocalFlowcore;
  standIn!: StandIn;
  load!: () => Promise<unknown>;

  /** The package's pump made last. */
  get made(): MadePump {
    return this.standIn.made.at(-1) as MadePump;
  }

  engine(
    handle: (n: number) => unknown,
    options: PathwaysEngineOptions = {},
    pathway: Partial<PathwayOptions> = {},
  ): PathwaysEngine {
    const engine = new PathwaysEngine({
      baseUrl: this.local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: API_KEY,
      logger: this.logger,
      ...options,
      pump: {
        startFrom: 'beginning',
        pollIntervalMs: 20,
        commitIntervalMs: 0,
        reader: dataPump({ load: this.load, notifier: { type: 'poller', intervalMs: 10 } }),
        ...options.pump,
      },
    });
    this.handle(engine, 'b.0', handle, pathway);
    this.engines.push(engine);
    return engine;
  }

  handle(
    engine: PathwaysEngine,
    eventType: string,
    handle: (n: number) => unknown,
    pathway: Partial<PathwayOptions> = {},
  ): void {
    engine.addContract(
      createPathwayContract(
        { flowType: 'a.0', eventType, maxRetries: 0, ...pathway },
        { declaredBy: 'test' },
      ),
    );
    engine.handlers.addHandler({
      pathway: `a.0/${eventType}`,
      where: 'test',
      invoke: (event) => handle((event.payload as { n: number }).n),
    });
  }

  /** Writes `{ n }` for every number, in one batch. */
  write(numbers: readonly number[], at?: Date, eventType = 'b.0'): Promise<string[]> {
    const headers: Record<string, string> = at ? { 'x-flowcore-event-time': at.toISOString() } : {};
    return rawWrite(
      this.local,
      `acme/shop/a.0/${eventType}`,
      numbers.map((n) => ({ n })),
      headers,
    );
  }
}

/** A world for each test. */
export function useDataPumpWorld(): DataPumpWorld {
  const world = new DataPumpWorld();
  let remove = () => {};
  beforeEach(async () => {
    const installed = await installedDataPump();
    remove = () => installed.remove();
    world.standIn = installed.standIn;
    world.load = () => installed.load();
    world.log.length = 0;
    world.local = await startLocalFlowcore({ logger: world.logger, maxBatchSize: 1_000 });
  });
  afterEach(async () => {
    await Promise.all(world.engines.splice(0).map((engine) => engine.stop()));
    await world.local.stop();
    remove();
  });
  return world;
}

export function statusOf(engine: PathwaysEngine): PumpStatus {
  return engine.pumps.status()[0] as PumpStatus;
}
