import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditOf, type PathwayEvent, type PathwaysBuilder } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { usePostgres } from '../support/postgres.js';
import { blockWith, exampleFolder, runExample } from './example.js';

// The complete examples of the reference client's README, run as they stand: only the package's name, the address of the
// platform, of the database and of the file are others. What an example leaves to its reader is added, and nothing else.

const postgres = usePostgres();
const gettingStarted = () => blockWith('const userSchema', '.handle("user/created"');
const user = { id: 'u-1', name: 'Ada', email: 'ada@example.com' };

describe('the examples of the seed run against Local Flowcore', () => {
  let local: LocalFlowcore;
  let folder: string;
  let pathways: PathwaysBuilder | undefined;

  beforeEach(async () => {
    local = await startLocalFlowcore();
    folder = exampleFolder();
    vi.spyOn(console, 'log').mockImplementation(() => {});
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    await pathways?.close();
    pathways = undefined;
    await local.stop();
  });

  /** Runs the parts as one file, and gives what it exports. */
  async function run<T extends { pathways: PathwaysBuilder }>(
    parts: readonly string[],
    exported: string,
    given: Readonly<Record<string, unknown>> = {},
  ): Promise<T> {
    vi.stubGlobal('seedRun', given);
    const made = (await runExample(parts, exported, { url: local.url, folder })) as T;
    pathways = made.pathways;
    return made;
  }

  /** The pathway the first example writes to and leaves to its reader. */
  function takeNotifications(builder: PathwaysBuilder): unknown[] {
    const sent: unknown[] = [];
    builder
      .register({ flowType: 'notifications', eventType: 'sent' })
      .handle('notifications/sent', ({ payload }) => sent.push(payload));
    return sent;
  }

  it('getting started: handles an event and writes another from its handler', async () => {
    const example = await run([gettingStarted()], 'pathways');
    const sent = takeNotifications(example.pathways);
    await example.pathways.startPump({ startFrom: 'beginning' });
    await example.pathways.write('user/created', { data: user });
    expect(sent).toEqual([{ userId: 'u-1', message: 'Welcome Ada!', channel: 'email' }]);
  });

  it('router: a posted event is handled, a wrong secret is not', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const example = await run<{
      pathways: PathwaysBuilder;
      handleWebhook(request: Request): Promise<Response>;
    }>([gettingStarted(), blockWith('new PathwayRouter(')], 'pathways, handleWebhook');
    const sent = takeNotifications(example.pathways);
    await example.pathways.startPump({ startFrom: 'beginning' });
    const post = (secret: string) =>
      example.handleWebhook(
        new Request('http://127.0.0.1/webhook', {
          method: 'POST',
          headers: { 'X-Webhook-Secret': secret },
          body: JSON.stringify({
            eventId: '6f1a0b52-5c0e-11f0-8000-000000000001',
            flowType: 'user',
            eventType: 'created',
            payload: user,
          }),
        }),
      );
    expect((await post('wrong')).status).toBe(500);
    expect(sent).toEqual([]);
    expect((await post('your-webhook-secret')).status).toBe(200);
    expect(sent).toHaveLength(1);
  });

  it('sessions: events carry the session and the user of the session', async () => {
    const events: PathwayEvent[] = [];
    const order = { orderId: 'ord-1', userId: 'u-1', total: 1, items: [] };
    await run(
      [
        blockWith('enableSessionUserResolvers: true'),
        blockWith('new SessionPathwayBuilder(pathways)'),
        blockWith('session.withUserResolver'),
        `const { order: orderData, events } = globalThis.seedRun;
         const [actionData1, actionData2, actionData3] = [{ n: 1 }, { n: 2 }, { n: 3 }];
         for (const [flowType, eventType] of [['order', 'placed'], ['user', 'actions']]) {
           pathways.register({ flowType, eventType }).handle(\`\${flowType}/\${eventType}\`, (event) => events.push(event));
         }
         await pathways.startPump({ startFrom: 'beginning' });`,
        blockWith('sessionId: "different-session"'),
      ],
      'pathways',
      { order, events },
    );
    const own = events.filter((event) => auditOf(event).sessionId !== 'different-session');
    expect(events).toHaveLength(5);
    expect(own).toHaveLength(4);
    expect(new Set(own.map((event) => auditOf(event).sessionId)).size).toBe(1);
    for (const event of own) expect(auditOf(event)).toMatchObject({ entityId: 'key-789', entityType: 'key' });
  });

  it('files: a document is uploaded, handled as a Blob, and followed by another event', async () => {
    const file = join(folder, 'invoice.pdf');
    writeFileSync(file, '%PDF-1.4 an invoice');
    const texts: string[] = [];
    const processed: unknown[] = [];
    // Its handler waits for what it writes, so that needs a pump of its own.
    const addition = `pathways
        .register({ flowType: 'document', eventType: 'processed', pumpGroup: 'processed' })
        .handle('document/processed', ({ payload }) => globalThis.seedRun.processed.push(payload));
      await pathways.startPump({ startFrom: 'beginning' });`;
    const example = blockWith('async function uploadDocument', 'await uploadDocument(');
    await run(
      [
        'const extractPDFText = async (content) => globalThis.seedRun.texts.push(await content.text());',
        'const extractImageMetadata = async () => {};',
        example.replace('// Usage', addition).replace('./invoice.pdf', file),
      ],
      'pathways',
      { texts, processed },
    );
    expect(texts).toEqual(['%PDF-1.4 an invoice']);
    expect(processed).toMatchObject([
      { fileName: 'invoice.pdf', documentType: 'invoice', department: 'finance', status: 'completed' },
    ]);
  });

  it('persistence: processed events are marked in Postgres', async () => {
    const { hostname, port, username, password, pathname } = new URL(postgres.url);
    const state = blockWith('createPostgresPathwayState({')
      .replace('"localhost"', JSON.stringify(hostname))
      .replace('5432', port)
      .replace('user: "postgres"', `user: ${JSON.stringify(decodeURIComponent(username))}`)
      .replace('password: "postgres"', `password: ${JSON.stringify(decodeURIComponent(password))}`)
      .replace('"pathway_db"', JSON.stringify(pathname.slice(1)));
    const example = await run([gettingStarted(), state], 'pathways');
    takeNotifications(example.pathways);
    await example.pathways.startPump({ startFrom: 'beginning' });
    const eventId = await example.pathways.write('user/created', { data: user });
    const rows = await postgres.query('SELECT processed FROM pathway_state WHERE event_id = $1', [eventId]);
    expect(rows).toEqual([{ processed: true }]);
  });
});
