import { describe, expect, it } from 'vitest';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import { failuresOf } from './contract-mutants.spec-util.js';

const definition = (name: string, needs?: CaseDefinition<string>['needs']): CaseDefinition<string> => ({
  name,
  ...(needs && { needs }),
  run: async () => {},
});

const all = [
  definition('always'),
  definition('second', 'second'),
  definition('clock', 'clock'),
  definition('both', 'both'),
];

describe('cases of a contract', () => {
  it.each([
    [{}, ['always', 'second']],
    [{ clock: true }, ['always', 'second', 'clock', 'both']],
    [{ shared: false }, ['always']],
    [{ shared: false, clock: true }, ['always', 'clock']],
  ])('are made for a store of traits %j', (traits, names) => {
    const cases = makeCases(all, () => ({ store: '' }), traits);
    expect(cases.map(({ name }) => name)).toEqual(names);
  });

  it('each get a store of their own, disposed of whether they pass or not', async () => {
    const log: string[] = [];
    const failing = {
      ...definition('failing'),
      run: async ({ store }: { store: string }) => Promise.reject(new Error(store)),
    };
    const cases = makeCases([definition('passing'), failing], () => {
      log.push('made');
      return { store: 'the reason', dispose: async () => void log.push('disposed') };
    });
    await expect(cases[0]?.run()).resolves.toBeUndefined();
    await expect(cases[1]?.run()).rejects.toThrow('the reason');
    expect(log).toEqual(['made', 'disposed', 'made', 'disposed']);
  });

  it('report their own failure when disposing fails as well', async () => {
    const failing = { ...definition('failing'), run: () => Promise.reject(new Error('the reason')) };
    const dispose = () => Promise.reject(new Error('not disposable'));
    const [failed, passed] = makeCases([failing, definition('passing')], () => ({ store: '', dispose }));
    await expect(failed?.run()).rejects.toThrow('the reason');
    await expect(passed?.run()).rejects.toThrow('not disposable');
  });

  it('end at the limit when what they wait for never comes, and stop trying', async () => {
    let tries = 0;
    const waiting: CaseDefinition<string> = {
      ...definition('waiting'),
      run: (bench) =>
        bench.until(
          () => false,
          () => void (tries += 1),
        ),
    };
    const [first] = makeCases([waiting], () => ({ store: '' }), { limitMs: 20 });
    await expect(first?.run()).rejects.toThrow('was not over after 20 ms');
    const triedUntilNow = tries;
    // Cases run on the same loop: one more would have been tried while these ran.
    expect(await failuresOf(makeCases(all, () => ({ store: '' }), { shared: false }))).toEqual([]);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(tries).toBeLessThanOrEqual(triedUntilNow + 1);
  });

  it('say what `create` left out', async () => {
    const run = { second: 'openSecond', clock: 'advance' } as const;
    const cases = makeCases<string>(
      [
        { name: 'second', run: async (bench) => void (await bench.second()) },
        { name: 'clock', run: (bench) => bench.advance(1) },
      ],
      () => ({ store: '' }),
      { clock: true },
    );
    await expect(cases[0]?.run()).rejects.toThrow(run.second);
    await expect(cases[1]?.run()).rejects.toThrow(run.clock);
  });

  it('open a second instance once, and none for a store of one process', async () => {
    let opened = 0;
    const twice: CaseDefinition<string> = {
      ...definition('twice'),
      run: async (bench) => expect(await bench.second()).toBe(await bench.second()),
    };
    const create = () => ({ store: 'first', openSecond: () => `instance ${(opened += 1)}` });
    const single = makeCases([twice], create, { shared: false });
    const shared = makeCases([twice], create);
    await single[0]?.run();
    expect(opened).toBe(0);
    await shared[0]?.run();
    expect(opened).toBe(1);
  });
});
