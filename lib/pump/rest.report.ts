import type { Clock } from '../event/clock.interface.js';
import { timeOfTimeUuid } from '../event/time-uuid.util.js';
import { FUTURE_MS } from './fetch-position.js';
import { resumeIdOf } from './pump-position.util.js';
import type { PumpSession } from './pump.session.js';

/** What the report works with. */
export interface RestReportOptions {
  readonly clock: Clock;
  readonly lookBackMs: number;
}

/** Between two reports: each is a write, and a mark that is kept a little longer costs nothing. */
const REPORT_MS = 300_000;

/**
 * Tells the store that a pump has nothing to do. Its cursor stands at its last event, which may be weeks old, and marks
 * that are younger than a cursor are kept: the quiet pump of one flow type would keep those of all others for ever.
 *
 * It speaks for the past only, clear of late events and of a clock that is wrong by minutes, and only after one more sweep:
 * no later one reaches behind the cursor, because the marks there may be gone by then.
 */
export class RestReport {
  private reportedAt = -Infinity;
  /** The cursor behind which was swept since it rests there. */
  private sweptFor: string | undefined;

  constructor(private readonly options: RestReportOptions) {}

  /** To be called when everything was read, and no sweep is due. Tells whether one has to come before the report. */
  async tell(session: PumpSession): Promise<'sweep-first' | undefined> {
    const { clock, lookBackMs } = this.options;
    const { caughtUpAt, committer, fetcher } = session;
    if (caughtUpAt === undefined || clock.now() - this.reportedAt < REPORT_MS) return undefined;
    const { position } = committer;
    const { eventId, generation = 0 } = position;
    // Never saved: saved now, it would begin there even when the application is told to begin elsewhere.
    if (eventId === undefined && generation === 0) return undefined;
    const resumeId = resumeIdOf(position);
    const until = Math.trunc(caughtUpAt - Math.max(FUTURE_MS, lookBackMs));
    if (timeOfTimeUuid(resumeId).unixMs >= until) return undefined;
    if (this.sweptFor !== resumeId) {
      this.sweptFor = resumeId;
      return 'sweep-first';
    }
    this.reportedAt = clock.now();
    fetcher.settle?.(resumeId);
    await committer.rest(until).catch(() => {}); // The committer has told, and tries again.
    return undefined;
  }
}
