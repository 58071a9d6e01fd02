import { engineWith } from './engine.js';

/** A payload of five fields, as the schemas of engine.ts want it. */
export function payload(n: number, id = `o-${n}`) {
  return { id, name: 'Ada', email: 'ada@example.com', total: n, paid: true };
}

/** Writes events to the platform, as fast as it takes them. */
export async function fill(
  baseUrl: string,
  flowType: string,
  count: number,
  keyOf: (n: number) => string = (n) => `o-${n}`,
): Promise<void> {
  const engine = engineWith({ baseUrl, maxBatchSize: 1_000, pump: false }, undefined, { flowType });
  const data = Array.from({ length: count }, (_, n) => payload(n, keyOf(n)));
  await engine.writer.write(`${flowType}/done.0`, { batch: true, data, options: { fireAndForget: true } });
  await engine.stop();
}
