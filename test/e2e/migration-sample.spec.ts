import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { SampleProcess } from '../support/sample-process.js';

/** The first start may have to build the library. */
const LIMIT_MS = 120_000;

interface Line {
  readonly name: string;
  readonly numbers: readonly number[];
}

describe('the migration sample as a process', { timeout: LIMIT_MS }, () => {
  const database = usePostgres();
  let sample: SampleProcess | undefined;
  afterEach(async () => {
    sample?.kill();
    await sample?.ended;
  });

  async function run(): Promise<{ code: number | null; output: string; lines: Line[] }> {
    const args = ['scripts/start.mjs', '--sample=03-migration'];
    sample = new SampleProcess(process.execPath, args, { DATABASE_URL: database.url });
    const { code } = await sample.ended;
    const { output } = sample;
    const lines = [...output.matchAll(/^(\d {2}\S.*?|\s+total) {3,}((?:\d+\s*){5})$/gm)].map(
      ([, name = '', numbers = '']) => ({
        name: name.trim(),
        numbers: numbers.trim().split(/\s+/).map(Number),
      }),
    );
    return { code, output, lines };
  }

  it('four steps on one database: what was stored while each was put in place of the former is handled once', async () => {
    const { code, output, lines } = await run();
    expect(lines, output).toEqual([
      { name: '0  on the reference client', numbers: [20, 0, expect.any(Number), 0, 0] },
      { name: '1  import changed, pump started', numbers: [20, 20, expect.any(Number), 0, 0] },
      { name: '2  hosted, one handler decorated', numbers: [20, 20, expect.any(Number), 0, 0] },
      { name: '3  all decorated', numbers: [20, 20, expect.any(Number), 0, 0] },
      { name: 'total', numbers: [80, 60, 140, 0, 0] },
    ]);
    // Every step did its own part: nobody caught up for another.
    for (const { name, numbers } of lines) expect(numbers[2], name).toBeGreaterThanOrEqual(20);
    expect(code, output).toBe(0);

    // What the former left is all there: the reference's marks, one pump's position, and no second set of tables.
    const [marks] = await database.query('SELECT count(*)::int FROM pathway_state WHERE processed');
    expect(marks).toEqual({ count: 140 });
    expect(await database.query('SELECT flow_type, pump_group, tenant FROM pathway_pump_state')).toEqual([
      { flow_type: 'order.0', pump_group: 'default', tenant: 'acme' },
    ]);
  });

  it('a second run on the same database goes on where the first ended', async () => {
    const { code, output, lines } = await run();
    expect(lines.at(-1), output).toEqual({ name: 'total', numbers: [80, 60, 140, 0, 0] });
    expect(code, output).toBe(0);
  });

  it('ends with code 1 when an event is lost and another is handled twice', async () => {
    // What a client that breaks its promise would leave behind.
    await database.query(
      `CREATE FUNCTION misbehave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.order_id LIKE '%-1-7' AND NEW.what = 'paid' THEN RETURN NULL; END IF;
         IF NEW.order_id LIKE '%-2-till-8' AND NEW.what = 'placed' AND pg_trigger_depth() = 1 THEN
           INSERT INTO migration_order_book VALUES (NEW.*);
         END IF;
         RETURN NEW;
       END $$`,
    );
    await database.query(
      'CREATE TRIGGER misbehaves BEFORE INSERT ON migration_order_book FOR EACH ROW EXECUTE FUNCTION misbehave()',
    );
    const { code, output, lines } = await run();
    expect(
      lines.map(({ numbers }) => numbers.slice(3)),
      output,
    ).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [0, 0],
      [1, 1],
    ]);
    expect(output).toContain('NOT every event was handled once: 1 lost, 1 handled twice.');
    expect(code, output).toBe(1);
  });

  it('step 1 is step 0 with another import, and four lines for the pump and its end', () => {
    const linesOf = (step: string) =>
      readFileSync(`sample/03-migration/${step}/service.ts`, 'utf8').split('\n');
    const before = linesOf('step-0-reference');
    const after = linesOf('step-1-import');
    const isCode = (line: string) => !/^\s*(\/\/|\/\*\*)/.test(line);
    expect(after.filter((line) => !before.includes(line)).filter(isCode)).toEqual([
      "import { createPostgresPathwayState, PathwayRouter, PathwaysBuilder } from 'nestjs-pathways/builder';",
      "    pathwayMode: 'virtual',",
      "  await pathways.startPump({ startFrom: 'beginning' });",
      '    drain: async () => pathways.pump?.drain(),',
      '      await pathways.close();',
    ]);
  });
});
