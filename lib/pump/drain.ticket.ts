import type { PumpLoop } from './pump.loop.js';

/**
 * What was stored when somebody asked for it. Where events never stop coming there is no moment at which everything is
 * finished, but there is one at which this is:
 *
 * - reading: a look at the whole stream that began later, and every event announced until then, are awaited. Begun anew when
 *   another run takes over: what the old one had not finished is read again.
 * - handling: everything fetched by then is awaited.
 */
export class DrainTicket {
  private session: PumpLoop['session'];
  private round = 0;
  private look = 0;
  private announced: readonly string[] = [];
  /** Events of the session to be awaited; `undefined` while reading. */
  private fetched: number | undefined;

  constructor(
    private readonly loop: PumpLoop,
    readonly tell: () => void,
  ) {
    this.begin();
  }

  /** To be asked after every round and every event that ends. */
  get isSettled(): boolean {
    const { loop } = this;
    const { session } = loop;
    if (!session) return false;
    if (session !== this.session) this.begin();
    this.fetched ??= this.isRead() ? session.committer.added : undefined;
    return this.fetched !== undefined && session.committer.passed >= this.fetched;
  }

  private begin(): void {
    const { loop } = this;
    this.session = loop.session;
    this.round = loop.round;
    this.look = loop.session?.fetcher.looks ?? 0;
    this.announced = loop.announced.ids();
    this.fetched = undefined;
  }

  private isRead(): boolean {
    const { loop, session } = this;
    // The round as well as the look: event types that came meanwhile are adopted before it reads.
    if (!session || loop.endedRound <= this.round || session.fetcher.wholeLook <= this.look) return false;
    return !this.announced.some((eventId) => loop.announced.has(eventId));
  }
}
