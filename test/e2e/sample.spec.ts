import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger, type FlowcoreEvent } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { usePostgres } from '../support/postgres.js';
import { SampleProcess } from '../support/sample-process.js';

/** The first start may have to build the library and to make a database. */
const LIMIT_MS = 120_000;
const start = [process.execPath, 'scripts/start.mjs'] as const;

interface Orders {
  readonly count: number;
  readonly latest: readonly {
    readonly orderId: string;
    readonly customer: string;
    readonly placedBy: string | null;
    readonly sessionId: string | null;
  }[];
}

describe('the sample as a process', { timeout: LIMIT_MS }, () => {
  const database = usePostgres();
  let folder: string;
  let processes: SampleProcess[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pathways-sample-'));
    // As root, Local Postgres runs as another user, who must get through.
    chmodSync(folder, 0o755);
    processes = [];
    await database.query('DROP SCHEMA public CASCADE');
    await database.query('CREATE SCHEMA public');
  });
  afterEach(async () => {
    for (const sample of processes) sample.kill();
    await Promise.all(processes.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });

  function run([command = '', ...args]: readonly string[], env: Record<string, string> = {}): SampleProcess {
    const sample = new SampleProcess(command, args, { PATHWAYS_DATA: folder, ...env });
    processes.push(sample);
    return sample;
  }

  function place(url: string, orderId: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ orderId, customer: 'Ada', total: 42, lines: [{ sku: 'tea', quantity: 2 }] }),
    });
  }

  /** The orders shown, as soon as there are that many. */
  async function ordersAt(url: string, count: number): Promise<Orders> {
    for (;;) {
      const orders = (await (await fetch(`${url}/orders`)).json()) as Orders;
      if (orders.count >= count) return orders;
    }
  }

  it('the first start says what handles what, what runs where, and prints calls that work as they stand', async () => {
    // Like a newcomer's, who has set nothing.
    const sample = run(start, { DATABASE_URL: database.url, NODE_ENV: '', NO_COLOR: '1' });
    const url = await sample.url();
    await sample.printed(/See the pump:\n  curl \S+\n/);
    const calls = curlCalls(sample.output);
    for (const [method, event] of [
      ['project', 'order.placed.0'],
      ['keepContact', 'contact.given.0'],
    ]) {
      expect(sample.output).toContain(`OrdersProjector.${method} handles order.0/${event} (group default)\n`);
    }
    expect(sample.output).toMatch(
      /Instance "default" \(development, virtual\): platform Local Flowcore http:\/\/127\.0\.0\.1:\d+, pumps start from beginning, durable store\n/,
    );
    expect(sample.output).toContain(`Events: Local Flowcore in ${join(folder, 'flowcore')}\n`);
    expect(sample.output).toContain(`Orders: Postgres at ${new URL(database.url).host}/${database.name}\n`);

    const answers: unknown[] = [];
    for (const { target, init } of calls) answers.push(await (await fetch(target, init)).json());
    expect(calls.map(({ target, init }) => [init.method ?? 'GET', target])).toEqual([
      ['POST', `${url}/orders`],
      ['PUT', `${url}/orders/o-1/contact`],
      ['GET', `${url}/orders`],
      ['GET', `${url}/pumps`],
    ]);
    const order = { orderId: 'o-1', placedBy: 'ada', sessionId: 's-1' };
    expect(answers).toMatchObject([
      { eventId: expect.any(String), order },
      { eventId: expect.any(String), order: { ...order, email: 'ada@example.com' } },
      { count: 1, latest: [order] },
      [{ pump: 'order.0::default', eventTypes: ['order.placed.0', 'contact.given.0'] }],
    ]);
  });

  it('Ctrl-C through npm start drains, then stops Postgres, and ends with code 0; the next start shows the same orders', async () => {
    const first = run(['npm', 'start']);
    const url = await first.url();
    expect(first.output).toContain(`Local Postgres in ${join(folder, 'postgres')}`);
    // Placed while it stops: what is answered by then must be kept, and what still runs needs its database.
    const placed: string[] = [];
    const placing = Array.from({ length: 30 }, async (_, index) => {
      const response = await place(url, `o-${index}`).catch(() => undefined);
      if (response?.status === 201 && placed.push(`o-${index}`) === 1) first.signalGroup('SIGINT');
    });
    expect(await first.ended, first.output).toEqual({ code: 0, signal: null });
    await Promise.all(placing);
    expect(placed).not.toEqual([]);
    expect(first.output).not.toMatch(/terminating connection|ECONNREFUSED|Connection terminated/);

    const second = run(start);
    const secondUrl = await second.url();
    await ordersAt(secondUrl, placed.length);
    for (const orderId of placed) {
      expect(await (await fetch(`${secondUrl}/orders/${orderId}`)).json()).toMatchObject({ orderId });
    }
    second.signalGroup('SIGTERM');
    expect(await second.ended, second.output).toEqual({ code: 0, signal: null });
  });

  it('a second signal ends it at once although a request never ends', async () => {
    const sample = run(start, { DATABASE_URL: database.url });
    const { hostname, port } = new URL(await sample.url());
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(
      'POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n',
    );
    // Answered on another connection: by now the first request has been read too.
    await fetch(`http://${hostname}:${port}/orders`);
    sample.signalGroup('SIGINT');
    await sample.printed(/SIGINT: finishing/);
    sample.signalGroup('SIGTERM');
    expect((await sample.ended).code, sample.output).toBe(128 + 15);
    socket.destroy();
  });

  it('a new database is filled from the events; without the events its orders stay, and new ones are handled', async () => {
    const first = run(start);
    const caller = { 'x-user': 'ada', 'x-session': 's-1' };
    expect((await place(await first.url(), 'o-1', caller)).status).toBe(201);
    await first.printed(/by ada \(session s-1\)/);
    first.signalGroup('SIGTERM');
    await first.ended;

    const onOtherDatabase = run(start, { DATABASE_URL: database.url });
    const orders = await ordersAt(await onOtherDatabase.url(), 1);
    expect(orders.latest).toMatchObject([
      { orderId: 'o-1', customer: 'Ada', placedBy: 'ada', sessionId: 's-1' },
    ]);
    onOtherDatabase.signalGroup('SIGTERM');
    await onOtherDatabase.ended;

    rmSync(join(folder, 'flowcore'), { recursive: true });
    const withoutEvents = run(start, { DATABASE_URL: database.url });
    const url = await withoutEvents.url();
    expect((await place(url, 'o-2')).status).toBe(201);
    expect((await ordersAt(url, 2)).latest.map(({ orderId }) => orderId)).toEqual(['o-2', 'o-1']);
    expect((await ordersAt(url, 2)).latest[0]).toMatchObject({ placedBy: null, sessionId: null });
  });

  it('a contact is an envelope in the event log and readable in the read model', async () => {
    const sample = run(start, { DATABASE_URL: database.url });
    const url = await sample.url();
    const give = (orderId: string, email: string) =>
      fetch(`${url}/orders/${orderId}/contact`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email }),
      });
    await place(url, 'o-1');
    expect((await give('o-2', 'ada@example.com')).status).toBe(404);
    const order = { orderId: 'o-1', customer: 'Ada', email: 'ada@example.com' };
    expect(await (await give('o-1', 'ada@example.com')).json()).toMatchObject({ order });
    expect(await (await fetch(`${url}/orders/o-1`)).json()).toMatchObject(order);
    sample.signalGroup('SIGTERM');
    await sample.ended;

    const stored = await storedContacts(join(folder, 'flowcore'));
    expect(stored).toMatchObject([
      { metadata: { 'pathways/encrypted': 'true' }, payload: { encryptedPayload: expect.any(String) } },
    ]);
    expect(JSON.stringify(stored)).not.toContain('ada@example.com');
  });

  it('--once on DATABASE_URL handles every order once and says so; no Local Postgres is started', async () => {
    const sample = run([...start, '--once'], { DATABASE_URL: database.url });
    expect(await sample.ended, sample.output).toEqual({ code: 0, signal: null });
    expect(sample.output).toMatch(summaryOf({ handled: 1000, duplicates: 0, lost: 0 }));
    expect(sample.output).toContain(`Postgres at ${new URL(database.url).host}/${database.name}`);
    expect(existsSync(join(folder, 'postgres'))).toBe(false);
    const counted = 'SELECT times_handled, count(*)::int FROM sample_orders GROUP BY times_handled';
    expect(await database.query(counted)).toEqual([{ times_handled: 1, count: 1000 }]);
  });

  it('--once ends with code 1 when an order is handled twice and another is lost', async () => {
    // What a store that breaks its promise would leave behind.
    await database.query(
      `CREATE FUNCTION misbehave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.order_id LIKE '%-7' THEN RETURN NULL; END IF;
         IF NEW.order_id LIKE '%-8' AND TG_OP = 'UPDATE' THEN NEW.times_handled := OLD.times_handled + 2; END IF;
         RETURN NEW;
       END $$`,
    );
    await database.query(
      `CREATE TABLE sample_orders (
         order_id text PRIMARY KEY, customer text NOT NULL, total double precision NOT NULL, items int NOT NULL,
         event_id text NOT NULL UNIQUE, times_handled int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now())`,
    );
    await database.query(
      'CREATE TRIGGER misbehaves BEFORE INSERT OR UPDATE ON sample_orders FOR EACH ROW EXECUTE FUNCTION misbehave()',
    );
    const sample = run([...start, '--once'], { DATABASE_URL: database.url });
    expect(await sample.ended, sample.output).toEqual({ code: 1, signal: null });
    expect(sample.output).toMatch(summaryOf({ handled: 999, duplicates: 1, lost: 1 }));
  });
});

/** The summary as a whole: what is counted, and measurements that are numbers. */
function summaryOf(counts: { handled: number; duplicates: number; lost: number }): RegExp {
  const lines = [
    'written +1000 \\(100 by the reference client\\)',
    ...Object.entries(counts).map(([name, count]) => `${name} +${count}`),
    'write → handled +p50 \\d+\\.\\d ms, p99 \\d+\\.\\d ms',
    // More than none: a time of zero or of no end would show here.
    'throughput +[1-9]\\d* events/s',
  ];
  return new RegExp(`^${lines.join('\n')}$`, 'm');
}

/** The calls that a newcomer is told to copy into a shell, as requests. */
function curlCalls(output: string): { readonly target: string; readonly init: RequestInit }[] {
  return Array.from(output.matchAll(/^ +curl (.+)$/gm), ([, line = '']) => {
    const [, method] = /-X (\w+)/.exec(line) ?? [];
    const [, body] = / -d '([^']+)'$/.exec(line) ?? [];
    const headers = Array.from(
      line.matchAll(/-H '([^:']+): ([^']+)'/g),
      ([, name = '', value = '']) => [name, value] as [string, string],
    );
    const [target = ''] = /http:\S+/.exec(line) ?? [];
    return { target, init: { ...(method && { method }), ...(body && { body }), headers } };
  });
}

/** The contacts in the event log of a sample that has ended, read by somebody without the key. */
async function storedContacts(data: string): Promise<FlowcoreEvent[]> {
  const local = await startLocalFlowcore({ data });
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    pump: { startFrom: 'beginning' },
    logger: silentLogger,
  });
  const pathway = { flowType: 'order.0', eventType: 'contact.given.0' };
  engine.addContract(createPathwayContract(pathway, { declaredBy: 'test' }));
  const stored: FlowcoreEvent[] = [];
  engine.handlers.addHandler({
    pathway: 'order.0/contact.given.0',
    where: 'test',
    invoke: (event) => void stored.push(event),
  });
  await engine.start();
  await engine.pumps.drain();
  await engine.stop();
  await local.stop();
  return stored;
}
