import { setImmediate as turn } from 'node:timers/promises';
import { createPathwayContract, PathwaysEngine, silentLogger, type FlowcoreEvent } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { expect, it } from 'vitest';

interface Step {
  readonly n: number;
}

it('an event whose orderBy throws runs alone: after everything before it, before everything behind it', async () => {
  const local = await startLocalFlowcore();
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
    pump: { startFrom: 'beginning', concurrency: 16 },
  });
  const orderBy = ({ payload }: FlowcoreEvent<Step>): string => {
    if (payload.n === 5) throw new RangeError('no key');
    return `key ${payload.n}`;
  };
  engine.addContract(
    createPathwayContract({ flowType: 'a.0', eventType: 'b.0', orderBy }, { declaredBy: 'test' }),
  );
  const running = new Set<number>();
  const starts = new Map<number, number[]>();
  engine.handlers.addHandler({
    pathway: 'a.0/b.0',
    where: 'test',
    invoke: async ({ payload }) => {
      const { n } = payload as Step;
      starts.set(n, [...running]);
      running.add(n);
      for (let turns = 0; turns < 50; turns++) await turn();
      running.delete(n);
    },
  });
  const data = Array.from({ length: 11 }, (_, n) => ({ n }));
  await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
  await engine.start();
  await engine.pumps.drain();
  await engine.stop();
  await local.stop();

  expect([...starts.keys()].sort((a, b) => a - b)).toEqual(data.map(({ n }) => n));
  expect(starts.get(5)).toEqual([]);
  for (const [n, beside] of starts) if (n !== 5) expect(beside).not.toContain(5);
  // The others did run side by side, or this would prove nothing.
  expect(starts.get(4)).not.toEqual([]);
  expect([...starts.keys()].indexOf(5)).toBe(5);
});
