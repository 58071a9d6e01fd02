import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import {
  CurrentEvent,
  OnEvent,
  Pathway,
  PathwaysModule,
  PathwayWriter,
  PlatformUnauthorizedError,
  type PathwayEvent,
  type PathwaysLogger,
} from 'nestjs-pathways';
import { PathwaysBuilder } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { failureOf } from '../support/failure-of.js';
import { until } from '../support/until.js';

const OLD = 'fc_ab12_old-s3cr3t';
const NEW = 'fc_cd34_new-s3cr3t';
const KEY = 'order.0/order.placed.0';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0' })
class OrderPlaced {
  n!: number;
}

@Injectable()
class Orders {
  readonly seen: number[] = [];

  @OnEvent(OrderPlaced)
  place(@CurrentEvent() { payload }: PathwayEvent<OrderPlaced>): void {
    this.seen.push(payload.n);
  }
}

interface Application {
  readonly seen: readonly number[];
  /** Resolves when the event is handled. */
  write(n: number): Promise<unknown>;
  close(): Promise<unknown>;
}

let folder: string;
let local: LocalFlowcore;
let application: Application | undefined;
/** What the application is told. */
let apiKey: () => string | Promise<string>;
const lines: string[] = [];
const line = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
const logger: PathwaysLogger = { debug: line, info: line, warn: line, error: line };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pathways-rotation-'));
  apiKey = () => OLD;
  local = await platformThatAccepts(OLD);
});
afterEach(async () => {
  await application?.close();
  application = undefined;
  await local.stop();
  await rm(folder, { recursive: true });
  lines.splice(0);
});

function platformThatAccepts(key: string, port = 0): Promise<LocalFlowcore> {
  return startLocalFlowcore({ data: folder, port, apiKeys: [key], tenants: ['acme'] });
}

/** Somebody else's event: only the notification tells of it. */
const stored = (n: number) =>
  local.appendRaw({
    tenant: 'acme',
    dataCore: 'shop',
    flowType: 'order.0',
    eventType: 'order.placed.0',
    payload: { n },
  });

const common = () => ({
  baseUrl: local.url,
  tenant: 'acme',
  dataCore: 'shop',
  dataCoreDescription: 'The shop',
  apiKey: async () => apiKey(),
  logger,
  // Polling is out of the question: what arrives was announced, or found at the reconnect.
  pump: { startFrom: 'beginning', pollIntervalMs: 3_600_000 } as const,
});

async function nestApplication(): Promise<Application> {
  const options = {
    ...common(),
    runtimeEnv: 'development',
    pathwayMode: 'virtual',
    pathwayName: 'orders',
    autoProvision: { pathway: true },
    allowDevelopmentPathwayRegistration: true,
    commandPollingIntervalMs: 20,
  } as const;
  const module = await Test.createTestingModule({
    imports: [PathwaysModule.forRoot(options)],
    providers: [Orders],
  }).compile();
  const app = await module.createNestApplication({ logger: false }).init();
  const writer = app.get(PathwayWriter);
  return {
    seen: app.get(Orders).seen,
    write: (n) => writer.write(OrderPlaced, { data: { n } }),
    close: () => app.close(),
  };
}

async function builtApplication(): Promise<Application> {
  const seen: number[] = [];
  const said = (message: string, error?: Error) => line(message, { error: error?.message });
  const pathways = new PathwaysBuilder({
    ...common(),
    runtimeEnv: 'test',
    logger: { debug: line, info: line, warn: line, error: said },
  })
    .register({
      flowType: 'order.0',
      eventType: 'order.placed.0',
      schema: z.object({ n: z.number() }),
    })
    .handle(KEY, ({ payload }) => void seen.push(payload.n));
  await pathways.startPump();
  return {
    seen,
    write: (n) => pathways.write(KEY, { data: { n } }),
    close: () => pathways.close(),
  };
}

it.each([
  ['an application with PathwaysModule', nestApplication],
  ['an application with PathwaysBuilder', builtApplication],
])('%s goes on with a key that is rotated while it runs, and loses nothing', async (_what, start) => {
  application = await start();
  await application.write(1);
  await until(() => local.stats.openSockets.notifications === 1);

  const { port } = local;
  await local.stop();
  local = await platformThatAccepts(NEW, port);
  await failureOf(application.write(-1), PlatformUnauthorizedError);
  await stored(2);
  expect(application.seen).toEqual([1]);

  apiKey = () => NEW;
  await until(() => application?.seen.length === 2);
  await until(() => local.stats.openSockets.notifications === 1);
  await application.write(3);
  await stored(4);
  await until(() => application?.seen.length === 4);
  expect(application.seen).toEqual([1, 2, 3, 4]);
  expect(lines.filter((text) => text.includes('s3cr3t'))).toEqual([]);
});

it('commands of the control plane arrive with the key of now', async () => {
  application = await nestApplication();
  await until(() => local.controlPlane.pathways().length === 1);
  await command('pause');
  const { port } = local;
  await local.stop();
  local = await platformThatAccepts(NEW, port);
  apiKey = () => NEW;
  await command('resume');
});

/** Resolves when the application has carried it out. */
async function command(type: string): Promise<void> {
  const pathwayId = local.controlPlane.pathways()[0]?.id ?? '';
  const { id } = local.controlPlane.sendCommand(pathwayId, { type });
  const phase = () => local.controlPlane.commands(pathwayId).find((each) => each.id === id)?.phase;
  await until(() => phase() === 'running');
}
