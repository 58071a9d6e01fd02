import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SessionPathwayBuilder } from 'nestjs-pathways/builder';
import { useBuilders } from '../support/builder-bench.js';
import { until } from '../support/until.js';

describe("compatibility: 'reference'", () => {
  const { create } = useBuilders();

  it('what the schema drops is not stored; without it, it is', async () => {
    const stored = async (flowType: 'user.1' | 'user.2', options: Parameters<typeof create>[0]) => {
      const pathways = create(options);
      const payloads: unknown[] = [];
      // No schema: what is stored is what is handled.
      const reader = create({ pump: { startFrom: 'beginning' } }).register({
        flowType,
        eventType: 'named.0',
      });
      reader.handle(`${flowType}/named.0`, ({ payload }) => void payloads.push(payload));
      const writer = pathways.register({
        flowType,
        eventType: 'named.0',
        schema: z.object({ name: z.string() }),
      });
      await writer.write(`${flowType}/named.0`, {
        data: { name: 'ada', more: true } as { name: string },
        options: { fireAndForget: true },
      });
      await reader.startPump();
      await until(() => payloads.length > 0);
      await reader.close();
      return payloads.at(-1);
    };
    expect(await stored('user.1', { compatibility: 'reference' })).toEqual({ name: 'ada' });
    expect(await stored('user.2', {})).toEqual({ name: 'ada', more: true });
  });

  it('sessions have no user resolvers unless they are switched on', async () => {
    const resolver = async () => undefined;
    const off = create({ compatibility: 'reference' });
    expect(() => new SessionPathwayBuilder(off).withUserResolver(resolver)).toThrow(
      /enableSessionUserResolvers/,
    );
    const on = create({ compatibility: 'reference', enableSessionUserResolvers: true });
    new SessionPathwayBuilder(on).withUserResolver(resolver);
  });
});
