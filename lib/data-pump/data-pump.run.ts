/**
 * One pump of the package, from its making to its end:
 *
 *   pulling ──it fails, ends, or hands out what cannot be taken──▶ failed      pulling, failed ──signal──▶ over
 *
 * - pulling: it is asked for as many events as there is room for; they are acknowledged at once, because the position that
 *   counts is the cursor of the pump that reads here, and then taken.
 * - failed: it is told to stop; whoever made the run sees why and makes another.
 * - over: it is told to stop, and nothing it still hands out is taken.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { DataPumpEndedError } from '../errors/data-pump-ended.error.js';
import { PathwaysError } from '../errors/pathways.error.js';
import { type Clock, sleep } from '../event/clock.interface.js';
import type { Redact } from '../platform/redaction.util.js';
import { identityOf } from '../pump/malformed-identity.util.js';
import type { DataPumpInstance } from './data-pump-package.interface.js';

export interface DataPumpRunOptions {
  readonly pumpKey: string;
  readonly clock: Clock;
  /** Texts of the package may quote what it was given. */
  readonly redact: Redact;
  create(): Promise<DataPumpInstance>;
  /** How many events there is room for; waits for some. */
  room(signal: AbortSignal): Promise<number>;
  take(events: readonly unknown[], signal: AbortSignal): Promise<void>;
  /** It was asked for events and has none at hand, or it failed. */
  onRest(): void;
}

/** An answer without events comes from a pump that has not begun yet, or has ended. */
const EMPTY_PAUSE_MS = 100;

export class DataPumpRun {
  /** Why it failed. */
  failure: Error | undefined;
  /** It is asked for events and has not answered. */
  isAsked = false;
  /** Resolves when it has begun, or has failed or ended. */
  readonly settled: Promise<void>;
  private instance: DataPumpInstance | undefined;
  private settle = () => {};
  private hasRun = false;
  private readonly over = new AbortController();

  constructor(
    private readonly options: DataPumpRunOptions,
    signal: AbortSignal,
  ) {
    this.settled = new Promise((resolve) => (this.settle = resolve));
    const end = () => this.end();
    signal.addEventListener('abort', end, { once: true });
    this.over.signal.addEventListener('abort', () => signal.removeEventListener('abort', end));
    if (signal.aborted) this.end();
  }

  begin(): void {
    void this.pull();
  }

  /** Nobody wants it any more. */
  discard(): void {
    this.end();
  }

  /** It is no longer of use. */
  fail(error: unknown): void {
    if (this.over.signal.aborted) return;
    this.failure = error instanceof PathwaysError ? error : this.ended(error);
    this.end();
    this.options.onRest();
  }

  /** Notices an end nobody was told of (protocol §14.2, D11). */
  check(): void {
    const { isRunning } = this.instance ?? {};
    if (isRunning === true) this.hasRun = true;
    if (isRunning === false && this.hasRun) this.fail(undefined);
  }

  private async pull(): Promise<void> {
    try {
      const instance = await this.options.create();
      // It was never started, so there is nothing to stop.
      if (this.over.signal.aborted) return;
      this.instance = instance;
      void this.start(instance);
      while (!this.over.signal.aborted) await this.pullOnce(instance);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Some versions answer when they have begun, and others when they have ended. */
  private async start(instance: DataPumpInstance): Promise<void> {
    try {
      await instance.start((error) => this.fail(error));
      this.check();
      this.settle();
    } catch (error) {
      this.fail(error);
    }
  }

  private async pullOnce(instance: DataPumpInstance): Promise<void> {
    const { clock, room, take } = this.options;
    const { signal } = this.over;
    const most = await room(signal);
    this.isAsked = true;
    const asked = new AbortController();
    const reserved = instance.reserve(most).finally(() => asked.abort());
    void this.tellOfRest(asked.signal);
    const events = await reserved;
    this.isAsked = false;
    this.settle();
    if (signal.aborted) return;
    if (events.length === 0) {
      this.check();
      return sleep(clock, EMPTY_PAUSE_MS, signal);
    }
    await instance.acknowledge(events.flatMap((event) => identityOf(event).key ?? []));
    await take(events, signal);
  }

  private async tellOfRest(answered: AbortSignal): Promise<void> {
    await turn();
    if (!answered.aborted) this.options.onRest();
  }

  private end(): void {
    if (this.over.signal.aborted) return;
    this.over.abort(new Error('The pump was stopped'));
    this.settle();
    // One of its waits cannot be ended (protocol §14.3, N7): nobody waits for it, and what it says then is late.
    void Promise.resolve()
      .then(() => this.instance?.stop())
      .catch(() => undefined);
  }

  private ended(error: unknown): DataPumpEndedError {
    const { pumpKey, redact } = this.options;
    if (error === undefined || error === null) {
      return new DataPumpEndedError(pumpKey, 'it ended without saying why.');
    }
    const text = redact(error instanceof Error ? error.message : String(error));
    const cause = new Error(text);
    if (error instanceof Error && error.stack) cause.stack = redact(error.stack);
    return new DataPumpEndedError(pumpKey, `${text.replace(/\.$/, '')}.`, cause);
  }
}
