import { describe, expect, it } from 'vitest';
import { z } from 'zod4';
import {
  createPathwayContract,
  MemoryPathwayState,
  PathwaysEngine,
  silentLogger,
  UnrecoverableEventError,
  type EventDelivery,
  type EventStatus,
  type FlowcoreEvent,
  type PathwayOptions,
  type PathwaysStore,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { until } from '../support/until.js';

/** What happens to an event: the handler's answers in turn, the last one again and again, and what the store does meanwhile. */
interface Scenario {
  readonly options?: Partial<PathwayOptions<never>>;
  readonly answers: readonly (() => unknown)[];
  readonly payload?: unknown;
  readonly state?: (clock: ControllableClock) => MemoryPathwayState;
  readonly signals?: PathwaysStore['signals'];
  readonly abortAfterMs?: number;
  /** Another event of its key is a dead letter. */
  readonly isBehind?: boolean;
  /** Deliveries at the same moment. */
  readonly deliveries?: number;
}

/** A store that fails when it is asked for something the first times. */
class Failing extends MemoryPathwayState {
  constructor(
    clock: ControllableClock,
    private readonly what: 'claim' | 'complete',
    private times: number,
    private readonly isAsync = false,
  ) {
    super({ clock });
  }

  override claim(...given: Parameters<MemoryPathwayState['claim']>) {
    const failed = this.fail('claim');
    return failed ?? (this.isAsync ? Promise.resolve(super.claim(...given)) : super.claim(...given));
  }

  override complete(eventId: string, generation: number, status: EventStatus): void | Promise<void> {
    const failed = this.fail('complete');
    if (failed) return failed;
    super.complete(eventId, generation, status);
    return this.isAsync ? Promise.resolve() : undefined;
  }

  private fail(what: string): Promise<never> | undefined {
    if (what !== this.what || this.times-- <= 0) return undefined;
    const error = new Error(`no ${what}`);
    if (!this.isAsync) throw error;
    return Promise.reject(error);
  }
}

const EVENT: FlowcoreEvent = {
  eventId: 'bde7ac07-4548-11f1-9234-0123456789ab',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'core',
  flowType: 'a.0',
  eventType: 'b.0',
  metadata: { traceId: 't' },
  payload: { total: 1 },
  validTime: '2026-05-01T10:00:00.000Z',
};

const POISON: FlowcoreEvent = { ...EVENT, eventId: 'bde7ac06-4548-11f1-9234-0123456789ab' };

const fails = (error: unknown) => (): never => {
  throw error;
};
const rejects = (error: unknown) => async (): Promise<never> => {
  throw error;
};
const never = () => new Promise(() => {});
const schema = z.object({ total: z.number() }) as never;
const asyncSchema = z.object({ total: z.number().refine(async (total) => total < 5) }) as never;

const KEYED = { orderBy: () => 'k' } as const;

const scenarios: Record<string, Scenario> = {
  'a handler that answers at once': { answers: [() => 'done'] },
  'a handler that answers later': { answers: [async () => 'done'] },
  'a handler that returns a foreign thenable': {
    // oxlint-disable-next-line no-thenable -- what this row is about
    answers: [() => ({ then: (resolve: (value: unknown) => void) => resolve('done') })],
  },
  'a handler that throws, then answers at once': { answers: [fails(new Error('no')), () => {}] },
  'a handler that rejects, then answers later': { answers: [rejects(new Error('no')), async () => {}] },
  'a handler that keeps failing': { answers: [rejects(new Error('no'))] },
  'a handler that throws a string': { answers: [fails('text')] },
  'a handler that can never succeed': { answers: [fails(new UnrecoverableEventError('never'))] },
  'a handler that never settles': { answers: [never], options: { handlerTimeoutMs: 1_000, maxRetries: 1 } },
  'a handler without a limit that is aborted': {
    answers: [never],
    options: { handlerTimeoutMs: 0 },
    abortAfterMs: 100,
  },
  'a delivery that is over before it begins': { answers: [() => {}], abortAfterMs: 0 },
  'a delivery that ends between two attempts': { answers: [rejects(new Error('no'))], abortAfterMs: 250 },
  'a pathway that halts': { answers: [rejects(new Error('no'))], options: { onExhausted: 'halt' } },
  'a payload that its schema takes': { answers: [async () => {}], options: { schema } },
  'a payload that its schema refuses': {
    answers: [async () => {}],
    options: { schema },
    payload: { total: '1' },
  },
  'a payload that an asynchronous schema takes': {
    answers: [async () => {}],
    options: { schema: asyncSchema },
  },
  'a payload that an asynchronous schema refuses': {
    answers: [async () => {}],
    options: { schema: asyncSchema },
    payload: { total: 7 },
  },
  'an order key': { answers: [async () => {}], options: KEYED },
  'an order key whose handler keeps failing': { answers: [rejects(new Error('no'))], options: KEYED },
  'an order key with a dead letter': { answers: [async () => {}], options: KEYED, isBehind: true },
  'an order key with a dead letter, of a pathway that goes on': {
    answers: [async () => {}],
    options: { ...KEYED, onExhausted: 'continue' },
    isBehind: true,
  },
  'an order key that throws': {
    answers: [async () => {}],
    options: { orderBy: fails(new Error('no key')) },
    isBehind: true,
  },
  'two deliveries at the same moment': { answers: [async () => {}], deliveries: 2 },
  'two deliveries of what fails for good': {
    answers: [fails(new UnrecoverableEventError('never'))],
    deliveries: 2,
  },
  'a store that refuses the claim at once': {
    answers: [() => {}],
    state: (clock) => new Failing(clock, 'claim', 1),
  },
  'a store that refuses the claim later': {
    answers: [() => {}],
    state: (clock) => new Failing(clock, 'claim', 1, true),
  },
  'a store that answers later': {
    answers: [async () => {}],
    state: (clock) => new Failing(clock, 'claim', 0, true),
  },
  'a store that refuses the mark once': {
    answers: [async () => {}],
    state: (clock) => new Failing(clock, 'complete', 1),
  },
  'a store that refuses the mark for long': {
    answers: [async () => {}],
    state: (clock) => new Failing(clock, 'complete', 99, true),
  },
  'a store that refuses the mark of a dead letter': {
    answers: [fails(new UnrecoverableEventError('never'))],
    state: (clock) => new Failing(clock, 'complete', 99),
  },
  'signals that throw': {
    answers: [async () => {}],
    signals: { ended: fails(new Error('no signal')), waitFor: () => () => {} },
  },
};

/** Everything that can be seen of a scenario. */
async function observe(scenario: Scenario, isWatched: boolean): Promise<unknown> {
  const clock = new ControllableClock(Date.parse('2026-05-01T10:00:00Z'));
  const state = scenario.state?.(clock) ?? new MemoryPathwayState({ clock });
  const store = { state, ...(scenario.signals && { signals: scenario.signals }) };
  const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silentLogger, clock, store });
  engine.addContract(
    createPathwayContract(
      { flowType: 'a.0', eventType: 'b.0', retryDelayMs: 200, ...scenario.options },
      { declaredBy: 'test' },
    ),
  );
  const seen: unknown[] = [];
  const { handlers } = engine;
  handlers.addHandler({
    pathway: 'a.0/b.0',
    where: 'Test.handle',
    invoke(event, { attempt, source }) {
      if (event.eventId === POISON.eventId) throw new UnrecoverableEventError('poison');
      seen.push({ event, attempt, source });
      return scenario.answers[Math.min(attempt, scenario.answers.length) - 1]?.();
    },
  });
  handlers.addErrorHandler({
    pathway: 'a.0/b.0',
    where: 'Test.failed',
    invoke: (error) => void seen.push(error),
  });
  // Whoever watches makes the event take the long way.
  if (isWatched) handlers.addAuditHandler({ where: 'Test.audit', invoke() {} });

  const abort = new AbortController();
  if (scenario.abortAfterMs === 0) abort.abort();
  else if (scenario.abortAfterMs) clock.startTimer(scenario.abortAfterMs, () => abort.abort());
  const delivery: EventDelivery = { source: 'a.0::default', generation: 0, signal: abort.signal };
  if (scenario.isBehind) await engine.processor.process(POISON, delivery);
  const event = { ...EVENT, ...('payload' in scenario && { payload: scenario.payload }) };
  let left = scenario.deliveries ?? 1;
  const ends: unknown[] = [];
  const work = Array.from({ length: left }, () =>
    engine.processor
      .process(structuredClone(event), delivery)
      .then(
        (outcome) => ends.push(outcome),
        (error: unknown) => ends.push({ rejected: error }),
      )
      .finally(() => left--),
  );
  await until(() => {
    if (left > 0 && clock.pendingTimers > 0) clock.advance(50);
    return left === 0;
  });
  await Promise.all(work);
  const letters = await engine.store.deadLetters.list();
  return {
    ends,
    seen,
    status: state.statusOf(EVENT.eventId),
    letters: letters.map(({ reason, attempts, error }) => ({ reason, attempts: attempts.length, error })),
    claim: await claimedAgain(state),
  };
}

/** Whether the claim was given back; a claim that is held is waited for without end. */
async function claimedAgain(state: MemoryPathwayState): Promise<unknown> {
  const asked = Promise.resolve(MemoryPathwayState.prototype.claim.call(state, EVENT.eventId, 0));
  return Promise.race([asked, new Promise((resolve) => setImmediate(() => resolve('held')))]);
}

/** Stack traces tell the two ways apart, and so does how far apart retries were. */
const comparable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      key === 'stack' || key === 'fingerprint'
        ? undefined
        : each instanceof Error
          ? { name: each.name, message: each.message, cause: each.cause ?? null }
          : each,
    ),
  );

describe('an event that nobody watches ends as one that is watched', () => {
  it.each(Object.keys(scenarios))('%s', async (name) => {
    const scenario = scenarios[name] as Scenario;
    const [plain, watched] = [await observe(scenario, false), await observe(scenario, true)];
    expect(comparable(plain)).toEqual(comparable(watched));
    expect(comparable(plain)).not.toEqual(comparable({}));
  });
});
