import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { compareTimeUuids, isTimeUuid } from '../event/time-uuid.util.js';
import type { DeadLetter, DeadLetterStore } from '../state/dead-letter-store.interface.js';
import type { EventDelivery } from './event-delivery.interface.js';

/** What keeps an event from running: a dead letter of its key, or its own. */
export type OrderObstacle = { readonly behind: string } | { readonly own: DeadLetter };

/** Letters read at once. */
const PAGE = 100;

/** Finds out whether an event has to wait behind the dead letters of its key. */
export class OrderGate {
  constructor(private readonly deadLetters: DeadLetterStore) {}

  /** To be asked while the event is claimed. */
  async obstacleOf(
    event: FlowcoreEvent,
    orderKey: string,
    { source, generation }: EventDelivery,
  ): Promise<OrderObstacle | undefined> {
    const { eventId } = event;
    if ((await this.deadLetters.blockerOf(source, orderKey)) === undefined) return undefined;
    const own = await this.deadLetters.get(eventId);
    if (own && generationOf(own) >= generation) return { own };
    // A reset delivers the event again, so what became of it before no longer counts: it runs or waits anew.
    if (own) await this.deadLetters.remove(eventId, generationOf(own));

    for (let after: number | undefined; ;) {
      const letters = await this.deadLetters.list({ source, orderKey }, PAGE, after);
      const blocker = letters.find((letter) => holdsBack(letter, eventId, generation));
      if (blocker) return { behind: blocker.eventId };
      const next = letters.at(-1)?.sequence;
      if (letters.length < PAGE || next === undefined || next <= (after ?? 0)) return undefined;
      after = next;
    }
  }
}

/**
 * A letter from before a reset holds back only what follows it in the stream: what comes before it is delivered again
 * first, and so is, in its turn, the letter's own event.
 */
function holdsBack(letter: DeadLetter, eventId: string, generation: number): boolean {
  if (generationOf(letter) >= generation) return true;
  const areComparable = isTimeUuid(letter.eventId) && isTimeUuid(eventId);
  return !areComparable || compareTimeUuids(letter.eventId, eventId) < 0;
}

function generationOf({ generation = 0 }: DeadLetter): number {
  return generation;
}
