import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, FilePayload, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { partEvents } from '../files/support.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { contentOf } from './support/durable.files.js';
import { SECRET, type CrashPoint, type DurableOptions } from './support/durable.messages.js';
import type { DurableService } from './support/durable.service.js';
import { afterCrash, DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();
const FILES = 6;

beforeEach(() => resetTables(postgres));

class Upload extends FilePayload {}

const options = (more: Partial<DurableOptions> = {}) =>
  world.options(postgres.url, { handler: 'files', ...more });
const nameOf = (n: number) => `k-${n % 2}`;
const partsKept = async () =>
  (await postgres.query('SELECT count(*)::int AS n FROM pathway_chunks'))[0]?.['n'] as number;

/** Uploads files of five parts each. */
async function upload(): Promise<void> {
  const engine = new PathwaysEngine({
    baseUrl: world.local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
  });
  const contract = { flowType: 'a.0', eventType: 'b.0', isFilePathway: true };
  engine.addContract(createPathwayContract(contract, { declaredBy: 'test', eventClass: Upload }), Upload);
  for (let n = 0; n < FILES; n++) {
    const data = { fileId: String(n), fileName: nameOf(n), fileContent: contentOf(n) };
    await engine.writer.write(Upload, { data, options: { fireAndForget: true } });
  }
  await engine.stop();
}

async function finish(service: DurableService): Promise<void> {
  service.send({ kind: 'start', options: options() });
  await progress(postgres, FILES, service);
  expect(await service.stop()).toEqual([0, null]);
  expect(await effectsIn(postgres)).toEqual(once(FILES));
  expect(service.logged('error')).toEqual([]);
}

describe('kill -9 of a service that handles files', () => {
  it.each<[string, CrashPoint['at'], number]>([
    ['between assembly and the handler', 'before-handler', 3],
    ['after the effect, before the commit', 'after-effect', 3],
    ['after the commit, before the parts are marked', 'after-commit', 4],
  ])(
    '%s: each file is assembled and handled once',
    async (_when, at, applied) => {
      await upload();
      const service = world.services.start(options({ crash: { at, n: 3 } }));
      const next = world.services.prepare();
      expect(await service.end()).toEqual([null, 'SIGKILL']);
      await afterCrash(postgres);
      expect(await effectsIn(postgres)).toEqual(once(applied));
      await finish(next);
    },
    120_000,
  );

  it('between two parts: they are there after the restart, and the file is handled once', async () => {
    await upload();
    const events = { kind: 'latency', delayMs: 30, match: { path: /\/events/ } } as const;
    world.local.faults.add(events);
    const service = world.services.prepare();
    const next = world.services.prepare();
    service.send({ kind: 'start', options: options() });
    await until(() => service.webhook !== undefined);
    await until(async () => (await partsKept()) > 0);
    await service.kill();
    await afterCrash(postgres);
    await finish(next);
  }, 120_000);
});

/** Posts a part as the platform does. Returns the status. */
async function post({ webhook = '' }: DurableService, event: unknown): Promise<number> {
  const init = { method: 'POST', headers: { 'x-webhook-secret': SECRET }, body: JSON.stringify(event) };
  const response = await fetch(webhook, init);
  await response.arrayBuffer();
  return response.status;
}

it('the parts of files delivered to two processes at the same moment: each file is assembled and handled once', async () => {
  const services = ['one', 'two'].map((name) => world.services.start(options({ name, pump: false })));
  await until(() => services.every(({ webhook }) => webhook !== undefined));
  for (let n = 0; n < FILES; n++) {
    const content = contentOf(n);
    const checksum = createHash('sha256').update(content).digest('hex');
    const parts = partEvents(content, { parts: 5, checksum: () => checksum, id: n * 8 }).map((event) => ({
      ...event,
      flowType: 'a.0',
      eventType: 'b.0',
      payload: { ...(event.payload as object), fileId: String(n), fileName: nameOf(n) },
    }));
    const posts = parts.flatMap((part) => services.map((service) => post(service, part)));
    expect(await Promise.all(posts)).toEqual(posts.map(() => 200));
  }
  expect(await effectsIn(postgres)).toEqual(once(FILES));
  expect(await partsKept()).toBe(0);
  expect(await Promise.all(services.map((service) => service.stop()))).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(services.flatMap((service) => service.logged('error'))).toEqual([]);
}, 120_000);
