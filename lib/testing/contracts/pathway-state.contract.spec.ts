import { setImmediate as turn } from 'node:timers/promises';
import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import type {
  ClaimPurpose,
  EventClaim,
  EventStatus,
  PathwayState,
} from '../../state/pathway-state.interface.js';
import { ControllableClock } from '../controllable-clock.js';
import {
  GrantsEverything,
  GrantsNothing,
  KnowsNoReplay,
  ReplaysEverything,
  KnowsNoGeneration,
  ComparesGenerationsByIdentity,
  MarksOnlyClaims,
  KeepsTheFirstMark,
  TakesOlderMarks,
  KeepsTheClaimOfAnOlderMark,
  MakesLettersOfWhatWasProcessed,
  ShowsTheMarkUnderAClaim,
  ForgetsAtRelease,
  IgnoresRelease,
  WakesNobody,
  AnswersBeforeTheEnd,
  foldingIds,
  SaysNoTtl,
  ForgetsEarly,
} from './pathway-state.mutants.spec-util.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { pathwayStateContract } from './pathway-state.contract.js';

const clockOf = () => new ControllableClock(1_700_000_000_000);

/** Somebody else's view of a state: every call takes its time, as one over a network would. */
class RemoteState implements PathwayState {
  readonly markTtlMs: number;
  constructor(private readonly state: PathwayState) {
    this.markTtlMs = state.markTtlMs;
  }
  async claim(eventId: string, generation: number, purpose?: ClaimPurpose): Promise<EventClaim> {
    await turn();
    return this.state.claim(eventId, generation, purpose);
  }
  async complete(eventId: string, generation: number, status: EventStatus): Promise<void> {
    await turn();
    await this.state.complete(eventId, generation, status);
  }
  async release(eventId: string): Promise<void> {
    await turn();
    await this.state.release(eventId);
  }
  async statusOf(eventId: string): Promise<EventStatus | undefined> {
    await turn();
    return this.state.statusOf(eventId);
  }
}

/** Both instances are views of one state; its clock is the case's. */
function shared(make: (clock: ControllableClock) => PathwayState) {
  const clock = clockOf();
  const state = make(clock);
  return {
    store: new RemoteState(state),
    openSecond: (): PathwayState => new RemoteState(state),
    advance: (milliseconds: number) => clock.advance(milliseconds),
  };
}

const faulty = (Faulty: new (options: { clock: ControllableClock }) => PathwayState) => () =>
  shared((clock) => new Faulty({ clock }));

const WAITS_PROCESSED = 'a second claim waits, and is told that the event was processed';
const WAITS_DEAD_LETTERED = 'a second claim waits, and is told that the event is a dead letter';
const WAITS_GIVEN_UP = 'a second claim waits, and gets the event that was given up';
const NEWER_CLAIMS = 'a newer generation claims an event whatever its mark';
const OLDER_DOES_NOT = 'an older generation does not claim over a newer mark';
const OLDER_MARK_ENDS = 'a claim ends with a mark of an older generation too, which is refused';
const PUTS_BACK_GENERATION = 'giving up puts back the mark that a newer generation claimed over';
const PUTS_BACK_REPLAY = 'giving up puts back the mark that a replay claimed over';

describeMutants(
  'pathwayStateContract',
  (create, limitMs) => pathwayStateContract(create, { shared: true, clock: true, limitMs }),
  () => shared((clock) => new MemoryPathwayState({ clock })),
  [
    {
      name: 'grants every claim',
      create: faulty(GrantsEverything),
      reportedBy: [
        'a processed event is not claimed again',
        'a dead-lettered event is not claimed by a delivery',
        'a processed event is not claimed by a replay',
        'a redelivery inside one generation is skipped',
        OLDER_DOES_NOT,
        WAITS_PROCESSED,
        WAITS_DEAD_LETTERED,
        'of 200 claims of one event at once one is granted',
        'an event that is given up again and again has one holder at a time',
      ],
    },
    {
      name: 'grants no claim',
      create: faulty(GrantsNothing),
      reportedBy: [
        'an unknown event has no status and is claimed',
        'an event that was given up is claimed again',
        'the claim of one event does not hold up another',
        '300 events are claimed and marked at once',
      ],
    },
    {
      name: 'does not let a replay have a dead letter',
      create: faulty(KnowsNoReplay),
      reportedBy: [
        'a dead-lettered event is claimed by a replay, and processed from then on',
        'a waiting replay gets the event that became a dead letter',
      ],
    },
    {
      name: 'replays what was processed',
      create: faulty(ReplaysEverything),
      reportedBy: ['a processed event is not claimed by a replay'],
    },
    {
      name: 'knows no generations',
      create: faulty(KnowsNoGeneration),
      reportedBy: [NEWER_CLAIMS, 'a waiting claim of a newer generation gets the event that was processed'],
    },
    {
      name: 'lets an older generation claim',
      create: faulty(ComparesGenerationsByIdentity),
      reportedBy: [OLDER_DOES_NOT],
    },
    {
      name: 'marks nothing that is not claimed',
      create: faulty(MarksOnlyClaims),
      reportedBy: ['an event is marked without a claim'],
    },
    {
      name: 'keeps the first mark',
      create: faulty(KeepsTheFirstMark),
      reportedBy: ['a later mark takes the place of an earlier one'],
    },
    {
      name: 'takes the mark of an older generation',
      create: faulty(TakesOlderMarks),
      reportedBy: ['a late mark of an older generation is refused', OLDER_MARK_ENDS],
    },
    {
      name: 'keeps a claim that ends with an older mark',
      create: faulty(KeepsTheClaimOfAnOlderMark),
      reportedBy: [OLDER_MARK_ENDS],
    },
    {
      name: 'makes a dead letter of what was processed',
      create: faulty(MakesLettersOfWhatWasProcessed),
      reportedBy: ['what was processed is not made a dead letter in its generation without a claim'],
    },
    {
      name: 'shows the earlier mark of a claimed event',
      create: faulty(ShowsTheMarkUnderAClaim),
      reportedBy: ['an event has no status while it is claimed, whatever it had before'],
    },
    {
      name: 'forgets an event that is given up',
      create: faulty(ForgetsAtRelease),
      reportedBy: [PUTS_BACK_GENERATION, PUTS_BACK_REPLAY, 'giving up what is not claimed changes nothing'],
    },
    {
      name: 'does not let go of an event that is given up',
      create: faulty(IgnoresRelease),
      reportedBy: ['an event that was given up is claimed again', WAITS_GIVEN_UP],
    },
    {
      name: 'wakes nobody',
      create: faulty(WakesNobody),
      reportedBy: [WAITS_PROCESSED, WAITS_DEAD_LETTERED, WAITS_GIVEN_UP],
    },
    {
      name: 'answers before the first delivery has ended',
      create: faulty(AnswersBeforeTheEnd),
      reportedBy: [WAITS_PROCESSED, WAITS_GIVEN_UP, 'deliveries of one instance wait for each other as well'],
    },
    {
      name: 'holds every event with one claim',
      create: faulty(foldingIds(() => 'all')),
      reportedBy: [
        'the claim of one event does not hold up another',
        '300 events are claimed and marked at once',
      ],
    },
    {
      name: 'folds the case of ids',
      create: faulty(foldingIds((eventId) => eventId.toLowerCase())),
      reportedBy: ['odd and long ids are told apart'],
    },
    {
      name: 'cuts long ids',
      create: faulty(foldingIds((eventId) => eventId.slice(0, 255))),
      reportedBy: ['odd and long ids are told apart'],
    },
    {
      name: 'does not say how long it keeps marks',
      create: faulty(SaysNoTtl),
      reportedBy: ['markTtlMs says how long marks are kept'],
    },
    {
      name: 'keeps marks for less than it says',
      create: () => shared((clock) => new ForgetsEarly(clock)),
      reportedBy: ['a mark is kept for markTtlMs'],
    },
    {
      name: 'keeps its marks to itself',
      create: () => ({
        ...shared(() => new MemoryPathwayState()),
        openSecond: () => new MemoryPathwayState(),
      }),
      reportedBy: ['a mark made by one instance is seen by another', WAITS_PROCESSED],
    },
  ],
);
