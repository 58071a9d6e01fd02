/**
 * A small service with its state in Postgres, run as a process of its own so that it can be killed. Every effect of an
 * event is a row of `effects`, whose `times` counts repetitions, and one more on the row of `counter`.
 *
 * It waits for its first command before it does anything, so that a test can have the next one ready.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { DataSource, type EntityManager } from 'typeorm';
// Part by part: loading Nest, which is not used here, would take longer than all the rest.
import { PathwaysEngine } from '../../../lib/builder/pathways-engine.js';
import { createPathwayContract } from '../../../lib/contract/create-pathway-contract.js';
import type { FilePayload } from '../../../lib/contract/file-payload.js';
import type { PathwayEvent } from '../../../lib/event/flowcore-event.interface.js';
import { batchHandlerBinding } from '../../../lib/processor/batch-handler.js';
import type { HandlerBinding } from '../../../lib/processor/handler-binding.interface.js';
import { PathwayRouter, statusOfDelivery } from '../../../lib/router/pathway.router.js';
import { typeOrmStore } from '../../../lib/typeorm/typeorm.store.js';
import { fileOf } from './durable.files.js';
import { APPLICATION, SECRET, type Command, type DurableOptions, type Report } from './durable.messages.js';
import { fastClock, observed } from './durable.store.js';

type Effect = { readonly n: number; readonly key: string };

const keyOf = (payload: Effect | Pick<FilePayload, 'fileName'>) =>
  'fileName' in payload ? payload.fileName : payload.key;

const report = (message: Report) => process.send?.(message);
const tell = (level: 'warn' | 'error') => (message: string) =>
  void report({ kind: 'logged', level, message });

async function run(options: DurableOptions): Promise<(command: Command) => void> {
  const { crash, name, concurrency, speed = 1, pathway = 'a.0/b.0', effects = 'public' } = options;
  const [flowType = '', eventType = ''] = pathway.split('/');
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.database,
    poolSize: 6,
    applicationName: APPLICATION,
  });
  await dataSource.initialize();
  /** Which event an id is, for the crash points that only see ids. */
  const numbers = new Map<string, number>();
  let isOver = crash === undefined;
  const crashAt = (at: string, n: number | undefined) => {
    if (isOver || crash?.at !== at || crash.n !== n) return;
    // Woken, it goes on from here.
    isOver = true;
    process.kill(process.pid, crash.signal ?? 'SIGKILL');
  };

  const apply = async (manager: EntityManager, { n, key }: Effect) => {
    await manager.query(
      `INSERT INTO ${effects}.effects (n, key, instance) VALUES ($1, $2, $3)
       ON CONFLICT (n) DO UPDATE SET times = effects.times + 1`,
      [n, key, name],
    );
    await manager.query(`UPDATE ${effects}.counter SET n = n + 1`);
  };
  const applyIn = async (transaction: unknown, { eventId, payload }: PathwayEvent) => {
    const effect = payload as Effect;
    numbers.set(eventId, effect.n);
    crashAt('before-handler', effect.n);
    await apply(transaction as EntityManager, effect);
    crashAt('after-effect', effect.n);
  };
  // Loaded with Nest where it is used.
  const joined =
    options.handler === 'cls'
      ? await (await import('./durable.cls.js')).joinThroughCls(dataSource)
      : undefined;
  const handle: Record<Exclude<DurableOptions['handler'], 'none' | 'batches'>, HandlerBinding['invoke']> = {
    transactional: (event, { transaction }) => applyIn(transaction, event),
    cls: (event) => joined?.inTransaction((manager) => applyIn(manager, event)),
    files: async (event, { transaction }) =>
      applyIn(transaction, { ...event, payload: await fileOf(event.payload) }),
    plain: (event) => applyIn(dataSource.manager, event),
    failing: ({ payload }) => {
      throw new RangeError(`There is no stock for ${(payload as Effect).n}`);
    },
  };

  const engine = new PathwaysEngine({
    baseUrl: options.platform,
    tenant: 'acme',
    dataCore: 'shop',
    ...(options.maxBatchSize === undefined ? {} : { maxBatchSize: options.maxBatchSize }),
    clock: fastClock(speed),
    // A limit of the machine's time, which such a clock knows nothing about.
    ...(speed === 1 ? {} : { handlerTimeoutMs: 0 }),
    store: observed(
      typeOrmStore({
        dataSource,
        ...(options.statePrefix === undefined ? {} : { statePrefix: options.statePrefix }),
        ...(options.ttlMs === undefined ? {} : { ttlMs: options.ttlMs }),
      }),
      {
        speed,
        committed: (eventIds) => eventIds.forEach((eventId) => crashAt('after-commit', numbers.get(eventId))),
      },
    ),
    pump: options.pump && {
      startFrom: 'beginning',
      concurrency,
      commitIntervalMs: 5,
      bufferSize: 200,
      lookBackMs: options.lookBackMs ?? 300_000,
    },
    logger: { debug() {}, info() {}, warn: tell('warn'), error: tell('error') },
  });
  const isFilePathway = options.handler === 'files';
  engine.addContract(
    createPathwayContract(
      {
        flowType,
        eventType,
        maxRetries: 0,
        isFilePathway,
        orderBy: (event) => keyOf(event.payload as Effect | Pick<FilePayload, 'fileName'>),
      },
      { declaredBy: 'durable-app' },
    ),
  );
  const binding = { pathway, where: 'durable-app' } as const;
  if (options.handler === 'batches') {
    engine.handlers.addHandler(
      batchHandlerBinding({
        ...binding,
        size: 10,
        waitMs: 0,
        invoke: async (events, { transaction }) => {
          for (const event of events) await applyIn(transaction, event);
        },
      }),
    );
  } else if (options.handler !== 'none') {
    engine.handlers.addHandler({
      ...binding,
      ...(options.handler === 'plain' ? { transaction: false } : {}),
      invoke: handle[options.handler],
    });
  }
  await engine.open(joined?.resolve);
  await engine.start();

  const router = new PathwayRouter(engine.processor, SECRET);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const results = await router.processEvents(
      JSON.parse(await text(request)),
      request.headers['x-webhook-secret'],
    );
    response.writeHead(statusOfDelivery(results)).end(JSON.stringify(results));
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  report({ kind: 'started', webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

  return (command) => {
    if (command.kind === 'write') {
      const { n } = command;
      engine.writer.write(pathway, { data: { n, key: 'k' } }).then(
        () => report({ kind: 'written', n }),
        ({ name, message }: Error) => report({ kind: 'rejected', n, name, message }),
      );
    }
    if (command.kind === 'look') report({ kind: 'pump', state: engine.pumps.status()[0]?.state });
    if (command.kind === 'stop') {
      server.close();
      void engine
        .stop()
        .then(() => dataSource.destroy())
        .then(() => process.exit(0));
    }
  };
}

// A test that is gone must not leave its services behind.
process.on('disconnect', () => process.exit(1));
/** Commands that arrive during the start wait for its end: a `stop` that nobody listens to would be lost. */
let commands: Promise<(command: Command) => void> | undefined;
process.on('message', (command: Command) => {
  if (commands) void commands.then((obey) => obey(command));
  else if (command.kind === 'start') commands = run(command.options);
});
