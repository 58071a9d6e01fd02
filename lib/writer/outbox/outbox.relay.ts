/**
 * Sends what lies in the outbox, one instance at a time.
 *
 * States: *created* → *dormant* (nothing was ever put into the outbox: it costs a look at the start and every half minute)
 * → *waiting* (another instance holds the lease) → *relaying* (looks, sends, waits for a wake-up,
 * the poll or the next retry) → *waiting* again when the lease is lost → *stopped*. `stop` first lets *relaying* go on
 * until nothing is left that could be sent now, or its time is over.
 *
 * Each order key is *free*, *sending* (in one request) or *backing off* (its last request failed; the same entries go
 * again, with the same id). A key with an entry that was refused for good is left out by the store.
 */
import { sleep, withJitter, type Clock } from '../../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../../event/logger.interface.js';
import { WakeUp } from '../../event/wake-up.js';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import { HeldLease } from '../../state/held.lease.js';
import type { LeaseStore } from '../../state/lease-store.interface.js';
import type { OutboxStore } from '../../state/outbox-store.interface.js';
import { composeGroups, type OutboxGroup } from './outbox.composer.js';
import type { ResolvedOutboxOptions } from './outbox.options.js';
import type { OutboxSender } from './outbox.sender.js';

/** The parts the relay works with. */
export interface OutboxRelayDependencies {
  readonly store: OutboxStore;
  readonly leases: LeaseStore;
  readonly sender: OutboxSender;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly options: ResolvedOutboxOptions;
  readonly maxBatchSize: number;
}

const LEASE_KEY = 'outbox';
const FIRST_RETRY_MS = 250;
/** Characters of JSON in one request. */
const LARGEST_REQUEST = 512 * 1024;
/** Between two looks while nothing was ever said to be there: a notification may have been lost. */
const DORMANT_POLL_MS = 30_000;
const CLEAN_EVERY_MS = 60_000;
const CLEANED_AT_ONCE = 1_000;

interface Backoff {
  readonly failures: number;
  /** Unix milliseconds. */
  readonly until: number;
}

export class OutboxRelay {
  private readonly bell: WakeUp;
  private readonly lease: HeldLease;
  /** Nothing new is sent. */
  private readonly ending = new AbortController();
  /** What is in flight is given up. */
  private readonly aborting = new AbortController();
  /** Nobody waits for the lease any more. */
  private readonly givingUp = new AbortController();
  private readonly waiting = AbortSignal.any([this.ending.signal, this.givingUp.signal]);
  private readonly sending = new Map<string, OutboxGroup>();
  private readonly backoffs = new Map<string, Backoff>();
  private readonly inFlight = new Set<Promise<void>>();
  private isDormant = true;
  private isDraining = false;
  private cleanedAt = 0;
  private loop: Promise<void> | undefined;
  private unsubscribe = () => {};

  constructor(private readonly deps: OutboxRelayDependencies) {
    this.bell = new WakeUp(deps.clock);
    this.lease = new HeldLease({
      key: LEASE_KEY,
      leases: deps.leases,
      clock: deps.clock,
      onError: (error) => deps.logger.warn('The lease of the outbox could not be kept', errorFields(error)),
    });
  }

  start(): void {
    if (this.loop || this.ending.signal.aborted) return;
    this.unsubscribe = this.deps.store.onAdded(() => this.wake());
    this.loop = this.run();
  }

  /** Looks at once: entries were added, or held ones are to be tried again. */
  wake(): void {
    this.isDormant = false;
    this.bell.ring();
  }

  /** Sends what can be sent now, within the time; then lets go. What is left is sent by the next relay. */
  async stop(timeoutMs: number): Promise<void> {
    if (!this.loop) return;
    this.isDraining = true;
    this.givingUp.abort();
    this.bell.ring();
    const timer = this.deps.clock.startTimer(timeoutMs, () => {
      this.ending.abort();
      this.aborting.abort();
    });
    await this.loop;
    timer.cancel();
    this.unsubscribe();
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.deps;
    const { signal } = this.ending;
    for (let failures = 0; !signal.aborted;) {
      try {
        if (this.isDormant && !(await this.hasMore())) {
          await this.bell.wait(DORMANT_POLL_MS, signal);
          if (this.isDraining) break;
          continue;
        }
        this.isDormant = false;
        const lease = this.isDraining ? await this.lease.tryHold() : await this.lease.hold(this.waiting);
        if (!lease) break;
        const over = new AbortController();
        const until = AbortSignal.any([signal, over.signal]);
        const kept = this.lease.keep(lease, until, { onLost: () => over.abort() });
        try {
          await this.relay(lease.token, until);
        } finally {
          over.abort();
          await kept;
          await Promise.all(this.inFlight);
        }
        failures = 0;
      } catch (error) {
        failures++;
        logger.warn('The outbox could not be read; it is tried again', errorFields(error));
        // A store that is gone would keep the shutdown waiting.
        if (this.isDraining) break;
        await sleep(clock, this.delayAfter(failures), signal);
      }
      if (this.isDraining) break;
    }
    await this.lease.release();
  }

  /** @param until lease lost, or stopped. */
  private async relay(token: FencingToken, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await this.look(token);
      if (this.isDraining && this.inFlight.size === 0) {
        if (!(await this.hasMore())) return;
        continue;
      }
      if (!this.isDraining) await this.clean();
      await this.bell.wait(this.untilNextLook(), until);
    }
  }

  private async look(token: FencingToken): Promise<void> {
    const { store, options, maxBatchSize } = this.deps;
    if (this.inFlight.size >= options.concurrency) return;
    const rows = await store.pending(maxBatchSize * options.concurrency * 2, this.closedKeys());
    for (const group of composeGroups(rows, { events: maxBatchSize, size: LARGEST_REQUEST })) {
      if (this.inFlight.size >= options.concurrency) return;
      this.launch(group, token);
    }
  }

  private async hasMore(): Promise<boolean> {
    return (await this.deps.store.pending(1, this.closedKeys())).length > 0;
  }

  private closedKeys(): string[] {
    const now = this.deps.clock.now();
    const backingOff = [...this.backoffs].filter(([, { until }]) => until > now).map(([key]) => key);
    return [...new Set([...this.sending.keys(), ...backingOff])];
  }

  private launch(group: OutboxGroup, token: FencingToken): void {
    for (const key of group.orderKeys) this.sending.set(key, group);
    const end = this.send(group, token).finally(() => {
      this.inFlight.delete(end);
      this.bell.ring();
    });
    this.inFlight.add(end);
  }

  private async send({ rows, orderKeys }: OutboxGroup, token: FencingToken): Promise<void> {
    const { signal } = this.aborting;
    const end = await this.deps.sender.send(rows, token, signal);
    for (const key of orderKeys) {
      this.sending.delete(key);
      if (end.status === 'sent') this.backoffs.delete(key);
      // Also when another relay has it: asking on and on until the lease is known to be lost helps nobody.
      else this.backOff(key);
    }
    if (end.status !== 'failed' || signal.aborted) return;
    const text = `${rows.length} outbox entries could not be sent; they are tried again`;
    this.deps.logger.warn(text, errorFields(end.error));
  }

  private backOff(key: string): void {
    const failures = (this.backoffs.get(key)?.failures ?? 0) + 1;
    this.backoffs.set(key, { failures, until: this.deps.clock.now() + this.delayAfter(failures) });
  }

  private delayAfter(failures: number): number {
    const { maxRetryDelayMs } = this.deps.options;
    return withJitter(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), maxRetryDelayMs), 0.2);
  }

  private untilNextLook(): number {
    const now = this.deps.clock.now();
    let delayMs = withJitter(this.deps.options.pollIntervalMs, 0.2);
    for (const { until } of this.backoffs.values()) {
      // One that is due already waits for a free place, which rings.
      if (until > now) delayMs = Math.min(delayMs, until - now);
    }
    return delayMs;
  }

  private async clean(): Promise<void> {
    const { clock, logger, store, options } = this.deps;
    if (clock.now() - this.cleanedAt < CLEAN_EVERY_MS) return;
    this.cleanedAt = clock.now();
    try {
      while ((await store.clean(options.retentionMs, CLEANED_AT_ONCE)) === CLEANED_AT_ONCE);
    } catch (error) {
      logger.warn('Sent outbox entries could not be deleted; it is tried again', errorFields(error));
    }
  }
}
