import type { FencingTokenStaleError } from '../errors/fencing-token-stale.error.js';
import { sleep } from '../event/clock.interface.js';
import type { FencingToken } from '../state/cursor-store.interface.js';
import type { AnnouncedEvents } from './announced-events.js';
import type { KnownEventType } from './event-type.resolver.js';
import type { PumpDependencies } from './pump-dependencies.interface.js';
import type { PumpItem } from './pump-item.interface.js';
import type { PumpReader, PumpReaderContext } from './pump-reader.interface.js';
import { PumpCommitter } from './pump.committer.js';
import { PumpDispatcher } from './pump.dispatcher.js';
import { PumpFetcher } from './pump.fetcher.js';
import type { PumpJournal } from './pump.journal.js';
import type { PumpStart } from './pump-start.interface.js';

/** What a session works with. */
export interface PumpSessionOptions {
  readonly pumpKey: string;
  readonly deps: PumpDependencies;
  readonly token: FencingToken;
  readonly start: PumpStart;
  readonly eventTypes: readonly KnownEventType[];
  readonly announced: AnnouncedEvents;
  readonly journal: PumpJournal;
  /** An event was finished. */
  onFinished(): void;
  /** Ends the wait between two reads. */
  wake(): void;
  onHalted(item: PumpItem, error: Error): void;
  /** Another instance has the lease: this session must end. */
  onFenced(error: FencingTokenStaleError): void;
}

/** What was given up gets this long to say so; a store that hangs must not keep the process alive. */
const GIVE_UP_MS = 5_000;

/** What a pump reads, hands out and commits under one lease. */
export class PumpSession {
  readonly committer: PumpCommitter;
  readonly dispatcher: PumpDispatcher;
  readonly fetcher: PumpReader;
  isOver = false;

  constructor(private readonly options: PumpSessionOptions) {
    const { deps, pumpKey, token, start, eventTypes, announced, journal, onFinished, wake } = options;
    const { id, clock, telemetry, processor, cursors, source, concurrency } = deps;
    const { generation } = start;
    const onFailure = (error: unknown) => journal.failed(error);
    const committer = new PumpCommitter(
      {
        clock,
        commitIntervalMs: deps.options.commitIntervalMs,
        save: async (cursor) => cursors.save(id, cursor, token),
        onPassed: (item) => fetcher.release(item),
        onError: onFailure,
        onFenced: options.onFenced,
      },
      start.cursor,
    );
    const dispatcher = new PumpDispatcher({
      processor,
      concurrency,
      clock,
      telemetry,
      source: pumpKey,
      generation,
      onFinished: (item, outcome) => {
        journal.finished(item.event.eventId, outcome);
        committer.advance();
        onFinished();
      },
      onHalted: options.onHalted,
      onFailure,
    });
    const context: PumpReaderContext = {
      id,
      eventTypes,
      start,
      options: deps.options,
      source,
      clock,
      pumpKey,
      processor,
      announced,
      accept: (item) => {
        journal.counters.fetched++;
        committer.add(item);
        dispatcher.submit(item);
      },
      wake,
      onFailure,
    };
    const fetcher = deps.createReader?.(context) ?? new PumpFetcher(context);
    this.committer = committer;
    this.dispatcher = dispatcher;
    this.fetcher = fetcher;
  }

  /** Everything up to the place to stop at has been read and is finished. */
  get hasReachedStop(): boolean {
    return this.fetcher.hasReachedStop && this.committer.oldest === undefined;
  }

  /** When everything there was then had been read, and now is finished; `undefined`: something is not, or nobody knows. */
  get caughtUpAt(): number | undefined {
    const { fetcher, committer } = this;
    return fetcher.isExhausted && committer.oldest === undefined ? fetcher.fullyReadAt : undefined;
  }

  /** Handlers get the time to finish; what they finished is saved. */
  async end(timeoutMs: number): Promise<void> {
    const { dispatcher, committer } = this;
    const { clock, logger } = this.options.deps;
    dispatcher.close();
    const inTime = new AbortController();
    void dispatcher.whenIdle().then(() => inTime.abort());
    if (dispatcher.isBusy && timeoutMs > 0) await sleep(clock, timeoutMs, inTime.signal);
    dispatcher.abort(new Error('The pump was stopped'));
    if (dispatcher.isBusy) await sleep(clock, GIVE_UP_MS, inTime.signal);
    if (dispatcher.inFlight > 0)
      logger.error(
        `Pump ${this.options.pumpKey}: ${dispatcher.inFlight} deliveries did not end when given up`,
      );
    committer.close();
    await committer.flush().catch(() => {});
    for (const eventId of committer.unfinishedLate) this.options.announced.add(eventId);
    this.isOver = true;
  }
}
