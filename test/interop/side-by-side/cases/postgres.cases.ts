import { randomBytes, randomUUID } from 'node:crypto';
import type { SpecDatabase } from '../../../support/postgres.js';
import { until } from '../../../support/until.js';
import { data, KEY, type Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import { OURS, REFERENCE, type Side } from '../sides.js';

/** Cases about the table of processed events, in one database for both sides. */
export function postgresCases(postgres: SpecDatabase): readonly Case[] {
  const tableName = () => `state_${randomBytes(6).toString('hex')}`;

  function stateOf(bench: Bench, options: Record<string, unknown>, side: Side = bench.side) {
    const { hostname, port, username, password, pathname } = new URL(postgres.url);
    const parts = {
      host: hostname,
      port: Number(port),
      user: username,
      password,
      database: pathname.slice(1),
    };
    const state = side.postgresState({ ...parts, ...options });
    bench.atEnd(() => state.close());
    return state;
  }

  const otherOf = (bench: Bench) => (bench.side === REFERENCE ? OURS : REFERENCE);

  /** Builders of two processes that share a table. */
  async function twoProcesses(bench: Bench, handler: () => unknown) {
    const table = tableName();
    const process = async () => {
      const state = stateOf(bench, { tableName: table });
      // One after the other: of two that make the table at once, the reference's second can be refused.
      await state.isProcessed(randomUUID());
      return bench.orders().withPathwayState(state).handle(KEY, handler);
    };
    return { table, one: await process(), other: await process() };
  }

  return [
    {
      what: 'a row that one side has written is read by the other, in a table that the first one made',
      async run(bench) {
        const table = tableName();
        const [id, unknown] = [randomUUID(), randomUUID()];
        await stateOf(bench, { tableName: table }).setProcessed(id);
        const state = stateOf(bench, { tableName: table }, otherOf(bench));
        return [await state.isProcessed(id), await state.isProcessed(unknown)];
      },
      outcome: same([true, false]),
    },
    {
      what: 'both sides use a table in turns',
      async run(bench) {
        const table = tableName();
        const id = randomUUID();
        const [one, other] = [
          stateOf(bench, { tableName: table }),
          stateOf(bench, { tableName: table }, otherOf(bench)),
        ];
        const seen = [await one.isProcessed(id), await other.isProcessed(id)];
        await other.setProcessed(id);
        await one.setProcessed(id);
        return [...seen, await one.isProcessed(id), await other.isProcessed(id)];
      },
      outcome: same([false, false, true, true]),
    },
    {
      what: 'an event that a builder has handled: its row, kept for five minutes',
      async run(bench) {
        const table = tableName();
        const event = bench.event();
        await bench
          .orders()
          .withPathwayState(stateOf(bench, { tableName: table }))
          .handle(KEY, () => {})
          .process(KEY, event);
        const rows = () =>
          postgres.query(
            `SELECT event_id = $1 AS its_id, processed,
               expires_at BETWEEN now() + interval '4 minutes' AND now() + interval '5 minutes' AS kept
             FROM ${table}`,
            [event.eventId],
          );
        // Ours are written behind.
        await until(async () => (await rows()).some(({ processed }) => processed === true));
        return rows();
      },
      outcome: same([{ its_id: true, processed: true, kept: true }]),
    },
    {
      what: 'a lifetime of one minute',
      async run(bench) {
        const table = tableName();
        await stateOf(bench, { tableName: table, ttlMs: 60_000 }).setProcessed(randomUUID());
        const within = `expires_at BETWEEN now() + interval '30 seconds' AND now() + interval '1 minute' AS kept`;
        return postgres.query(`SELECT ${within} FROM ${table}`);
      },
      outcome: same([{ kept: true }]),
    },
    {
      what: 'a row whose lifetime is over',
      async run(bench) {
        const table = tableName();
        const state = stateOf(bench, { tableName: table });
        const id = randomUUID();
        await state.setProcessed(id);
        await postgres.query(`UPDATE ${table} SET expires_at = now() - interval '1 second'`);
        return state.isProcessed(id);
      },
      outcome: differs(
        { reference: false, ours: true },
        {
          reference: 'A row counts until its `expires_at`.',
          ours: 'It counts until it is removed, soon after its `expires_at`.',
          why: 'What it says is still true, and its event is not handled a second time.',
        },
      ),
    },
    {
      what: 'the table when nothing was said of its name',
      async run(bench) {
        const id = randomUUID();
        await stateOf(bench, {}).setProcessed(id);
        return postgres.query('SELECT processed FROM pathway_state WHERE event_id = $1', [id]);
      },
      outcome: same([{ processed: true }]),
    },
    {
      what: 'a password with characters that have a meaning in addresses',
      async run(bench) {
        const user = `user_${randomBytes(6).toString('hex')}`;
        const password = 'p@ss/w#rd?:%';
        await postgres.query(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD '${password}'`);
        bench.atEnd(async () => {
          await postgres.query(`REASSIGN OWNED BY ${user} TO CURRENT_USER`);
          await postgres.query(`DROP ROLE ${user}`);
        });
        const state = stateOf(bench, { user, password, tableName: tableName() });
        return ending(() => state.setProcessed(randomUUID()));
      },
      outcome: differs(
        { reference: 'refused', ours: 'done' },
        {
          reference: 'User names and passwords with `@`, `/`, `#` … make an address that cannot be read.',
          ours: 'They work as they are. Take the encoding out of a password that you have encoded yourself.',
          why: 'Passwords are random text.',
        },
      ),
    },
    {
      what: 'an event that one process has handled is brought to another',
      async run(bench) {
        let handled = 0;
        const { one, other } = await twoProcesses(bench, () => void handled++);
        const event = bench.event();
        await one.process(KEY, structuredClone(event));
        await other.process(KEY, structuredClone(event));
        return handled;
      },
      outcome: differs(
        { reference: 2, ours: 1 },
        {
          reference:
            'An event that another process has handled is handled again, although the table says so.',
          ours: 'It is skipped, for as long as its row is kept.',
          why: 'Effects are applied once.',
        },
      ),
    },
    {
      what: 'an event that failed for good: its row',
      async run(bench) {
        const { table, one } = await twoProcesses(bench, () => Promise.reject(new Error('broken')));
        await ending(() => one.process(KEY, bench.event()));
        return postgres.query(`SELECT processed FROM ${table}`);
      },
      outcome: differs(
        { reference: [{ processed: true }], ours: [{ processed: false }] },
        {
          reference: 'The row of an event that failed for good says `processed = true`.',
          ours: 'It says `processed = false`, and the event is in `pathway_dead_letter`.',
          why: 'A failure must not look like a success.',
        },
      ),
    },
    {
      what: 'a write waits in one process, and another handles the event',
      async run(bench) {
        const { one, other } = await twoProcesses(bench, () => {});
        const writing = one.write(KEY, { data });
        const event = await bench.firstStored();
        await other.process(KEY, structuredClone(event));
        return (await writing) === event.eventId;
      },
      outcome: same(true),
    },
  ];
}
