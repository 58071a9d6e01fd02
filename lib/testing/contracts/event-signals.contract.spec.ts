import { setImmediate as turn } from 'node:timers/promises';
import type { EventSignals } from '../../state/event-signals.interface.js';
import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import type { EventStatus } from '../../state/pathway-state.interface.js';
import type { StoreContext } from '../../state/pathways-store.interface.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { eventSignalsContract } from './event-signals.contract.js';

/** Signals between instances of one process; the news of a wait takes a moment, as over a network. */
class HubSignals implements EventSignals {
  protected readonly waits = new Map<string, number>();

  constructor(
    protected readonly hub: HubSignals[],
    protected readonly onEnded: StoreContext['onEnded'],
  ) {
    hub.push(this);
  }

  waitFor(eventIds: readonly string[]): () => void {
    const announced = turn().then(() => this.count(eventIds, 1));
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      void announced.then(() => this.forget(eventIds));
    };
  }

  ended(eventId: string, status: EventStatus): void {
    for (const other of this.hub)
      if (other !== this && other.waits.has(other.idOf(eventId))) other.tell(eventId, status);
  }

  protected tell(eventId: string, status: EventStatus): void {
    this.onEnded(eventId, status);
  }

  protected idOf(eventId: string): string {
    return eventId;
  }

  protected forget(eventIds: readonly string[]): void {
    this.count(eventIds, -1);
  }

  protected count(eventIds: readonly string[], change: number): void {
    for (const eventId of eventIds) {
      const waits = (this.waits.get(this.idOf(eventId)) ?? 0) + change;
      if (waits > 0) this.waits.set(this.idOf(eventId), waits);
      else this.waits.delete(this.idOf(eventId));
    }
  }
}

class TellsNobody extends HubSignals {
  override ended(): void {}
}

class TellsNoFailures extends HubSignals {
  protected override tell(eventId: string): void {
    super.tell(eventId, 'processed');
  }
}

class TellsTheFirstAlone extends HubSignals {
  override ended(eventId: string, status: EventStatus): void {
    if (this.hub[0] !== this) super.ended(eventId, status);
  }
}

class EndsEveryWait extends HubSignals {
  protected override forget(eventIds: readonly string[]): void {
    for (const eventId of eventIds) this.waits.delete(eventId);
  }
}

class HasOneWait extends HubSignals {
  protected override count(eventIds: readonly string[], change: number): void {
    this.waits.clear();
    super.count(eventIds, change);
  }
}

/** As a message to others would be cut, or refused, above its longest length. */
class CutsLongWaits extends HubSignals {
  protected override count(eventIds: readonly string[], change: number): void {
    super.count(eventIds.slice(0, 200), change);
  }
}

/** As ids would be cut that were expected to be those of events. */
class CutsLongIds extends HubSignals {
  protected override tell(eventId: string, status: EventStatus): void {
    super.tell(eventId.slice(0, 100), status);
  }
}

class StopsAtAnEarlyEnd extends HubSignals {
  private isBroken = false;
  override waitFor(eventIds: readonly string[]): () => void {
    const end = super.waitFor(eventIds);
    return () => {
      if (!this.waits.has(eventIds[0] ?? '')) this.isBroken = true;
      end();
    };
  }
  protected override tell(eventId: string, status: EventStatus): void {
    if (!this.isBroken) super.tell(eventId, status);
  }
}

class FoldsIds extends HubSignals {
  protected override tell(eventId: string, status: EventStatus): void {
    super.tell(eventId.trim(), status);
  }
}

type Signals = new (hub: HubSignals[], onEnded: StoreContext['onEnded']) => EventSignals;

const shared = (Faulty: Signals) => () => {
  const hub: HubSignals[] = [];
  const state = new MemoryPathwayState();
  return { open: (onEnded: StoreContext['onEnded']) => ({ state, signals: new Faulty(hub, onEnded) }) };
};

const TOLD = 'an instance that waits is told how an event ended in another';
const BOTH = 'both instances are told of each other';
const OTHER_WAIT = 'a wait that is over does not end another one for the same event';
const EARLY = 'ending a wait before it came round does no harm';
const LONG = '500 events of one wait are told';
const KEYED =
  '100 ids of some hundred characters of one wait are told, as writes with an idempotency key have them';
const MANY = '200 waits at once are told';
const ODD = 'odd and long ids are told';

describeMutants(
  'eventSignalsContract',
  (create, limitMs) => eventSignalsContract(create, { limitMs }),
  shared(HubSignals),
  [
    { name: 'tells nobody', create: shared(TellsNobody), reportedBy: [TOLD, BOTH, LONG, MANY, ODD] },
    { name: 'tells no failures', create: shared(TellsNoFailures), reportedBy: [TOLD] },
    { name: 'tells one instance alone', create: shared(TellsTheFirstAlone), reportedBy: [BOTH] },
    { name: 'ends every wait for an event', create: shared(EndsEveryWait), reportedBy: [OTHER_WAIT] },
    { name: 'has one wait', create: shared(HasOneWait), reportedBy: [MANY] },
    { name: 'cuts long waits', create: shared(CutsLongWaits), reportedBy: [LONG] },
    { name: 'cuts long ids', create: shared(CutsLongIds), reportedBy: [KEYED, ODD] },
    { name: 'stops when a wait ends early', create: shared(StopsAtAnEarlyEnd), reportedBy: [EARLY] },
    { name: 'trims ids', create: shared(FoldsIds), reportedBy: [ODD] },
  ],
);
