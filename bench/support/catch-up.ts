import type { PathwaysEngine, PathwaysEngineOptions } from 'nestjs-pathways';
import { Countdown } from './drive.js';
import { engineWith, type BenchPathway } from './engine.js';
import type { Figures, Subject } from './suite.js';

/** One pump that reads a stored stream from its beginning. */
export interface CatchUp {
  readonly flowType: string;
  readonly baseUrl: () => Promise<string>;
  /** Options of the engine of one round: each starts with nothing, as a second run on the same state skips every event. */
  readonly options: (round: number) => PathwaysEngineOptions;
  readonly handle: () => unknown;
  /** Whether handlers run in the transaction of their event's mark. @default false */
  readonly transaction?: boolean;
  /** What differs from the usual pathway. */
  readonly pathway?: BenchPathway;
  readonly beforeClock?: () => unknown;
  readonly afterClock?: (count: number) => Promise<Figures>;
}

let rounds = 0;

/** Timed from the start of the pump to the end of the handler of the last event. */
export function catchUp(plan: CatchUp): Required<Subject> {
  const { flowType, baseUrl, options, handle, transaction = false, pathway } = plan;
  let engine: PathwaysEngine | undefined;
  let countdown = new Countdown(0);
  let counted = 0;
  return {
    async prepare(count) {
      counted = count;
      countdown = new Countdown(count);
      const { count: countDown } = countdown;
      const handleAndCount = async () => {
        await handle();
        countDown();
      };
      const url = await baseUrl();
      engine = engineWith(
        { baseUrl: url, ...options(++rounds) },
        { transaction, handle: handleAndCount },
        { flowType, ...pathway },
      );
      // Migrations are not part of catching up.
      await engine.open();
      await plan.beforeClock?.();
    },
    async run(count) {
      await engine?.start();
      await countdown.done;
      return { operations: count };
    },
    async finish() {
      const figures = await plan.afterClock?.(counted);
      await engine?.stop();
      return figures;
    },
  };
}
