import { MemoryDeadLetterStore } from '../../state/memory-dead-letter.store.js';
import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import type { EventClaim } from '../../state/pathway-state.interface.js';
import type { OrderedClaim } from '../../state/pathways-store.interface.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { orderedClaimContract } from './ordered-claim.contract.js';
import { orderedRunContract } from './ordered-run.contract.js';

type Answer = EventClaim | 'claimed-behind';

/** What is done under a claim, without transactions: nothing of it can fail. */
class SoundStore {
  readonly state = new MemoryPathwayState();
  readonly deadLetters = new MemoryDeadLetterStore();

  async claimInOrder(claim: OrderedClaim): Promise<Answer> {
    const { eventId, generation, purpose } = claim;
    const answer = await this.state.claim(eventId, generation, purpose);
    return answer === 'claimed' && this.isBehind(claim) ? 'claimed-behind' : answer;
  }

  async runInOrder(
    claim: OrderedClaim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<EventClaim | 'behind'> {
    const answer = await this.claimInOrder(claim);
    if (answer === 'claimed-behind') return this.behind(claim, attempt);
    if (answer !== 'claimed') return answer;
    await attempt(undefined);
    await this.finish(claim);
    return 'claimed';
  }

  protected isBehind({ source, orderKey }: OrderedClaim): boolean {
    return this.deadLetters.blockerOf(source, orderKey) !== undefined;
  }

  protected async behind(
    { eventId }: OrderedClaim,
    _attempt: (transaction: unknown) => Promise<void>,
  ): Promise<'behind'> {
    this.state.release(eventId);
    return 'behind';
  }

  protected async finish({ eventId, generation }: OrderedClaim): Promise<void> {
    this.state.complete(eventId, generation, 'processed');
  }
}

/** Sees the letters of the moment it first asks. */
class StaleStore extends SoundStore {
  private readonly known = new Map<string, boolean>();
  protected override isBehind(claim: OrderedClaim): boolean {
    const { orderKey } = claim;
    this.known.set(orderKey, this.known.get(orderKey) ?? super.isBehind(claim));
    return this.known.get(orderKey) === true;
  }
}

class BlindStore extends SoundStore {
  protected override isBehind(): boolean {
    return false;
  }
}

class AnyLetterStore extends SoundStore {
  protected override isBehind(): boolean {
    return this.deadLetters.count() > 0;
  }
}

class TrimmingStore extends SoundStore {
  protected override isBehind({ source, orderKey }: OrderedClaim): boolean {
    return super.isBehind({ source, orderKey: orderKey.trim() } as OrderedClaim);
  }
}

/** Looks before it claims, and claims nothing when there is a letter. */
class UnclaimedStore extends SoundStore {
  override async claimInOrder(claim: OrderedClaim): Promise<Answer> {
    return this.isBehind(claim) ? 'claimed-behind' : super.claimInOrder(claim);
  }
}

const made = (Store: new () => SoundStore) => () => {
  const store = new Store();
  return { store, openSecond: () => store };
};

const PLAIN_CLAIM = 'a claim without a letter of its source and key is a claim like any other';
const SEEN = 'a letter that another instance has added is seen, and its removal as well';
const AT_ONCE = 'claims that are made at once are answered each for its own key';
const ENDED = 'an event that has ended is not claimed, whatever is before it';
const HELD = 'a claim behind a letter is held until it ends';
const ODD = 'odd and long keys are told apart as in the letters';

describeMutants(
  'orderedClaimContract',
  (create, limitMs) => orderedClaimContract(create, { limitMs }),
  made(SoundStore),
  [
    { name: 'sees no letter', create: made(BlindStore), reportedBy: [SEEN, AT_ONCE, ENDED, HELD, ODD] },
    { name: 'sees letters of other keys', create: made(AnyLetterStore), reportedBy: [PLAIN_CLAIM, AT_ONCE] },
    { name: 'remembers what it saw', create: made(StaleStore), reportedBy: [SEEN] },
    { name: 'trims keys', create: made(TrimmingStore), reportedBy: [ODD] },
    { name: 'claims nothing behind a letter', create: made(UnclaimedStore), reportedBy: [ENDED, HELD] },
  ],
);

class HoldingStore extends SoundStore {
  protected override async behind(): Promise<'behind'> {
    return 'behind';
  }
}

class AttemptingStore extends SoundStore {
  protected override async behind(
    claim: OrderedClaim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<'behind'> {
    await attempt(undefined);
    return super.behind(claim, attempt);
  }
}

class UnmarkedStore extends SoundStore {
  protected override async finish({ eventId }: OrderedClaim): Promise<void> {
    this.state.release(eventId);
  }
}

const PLAIN_RUN = 'an attempt without a letter of its source and key is made and marked';
const BEHIND = 'behind a letter, whoever has added it, no attempt is made, and everything is as before';
const ENDED_RUN = 'an event that has ended is not run, whatever is before it';

describeMutants(
  'orderedRunContract',
  (create, limitMs) => orderedRunContract(create, { limitMs }),
  made(SoundStore),
  [
    { name: 'sees no letter', create: made(BlindStore), reportedBy: [BEHIND, ENDED_RUN, ODD] },
    { name: 'sees letters of other keys', create: made(AnyLetterStore), reportedBy: [PLAIN_RUN] },
    { name: 'remembers what it saw', create: made(StaleStore), reportedBy: [BEHIND] },
    { name: 'trims keys', create: made(TrimmingStore), reportedBy: [ODD] },
    { name: 'keeps the claim behind a letter', create: made(HoldingStore), reportedBy: [BEHIND] },
    { name: 'attempts behind a letter', create: made(AttemptingStore), reportedBy: [BEHIND, ENDED_RUN] },
    { name: 'does not mark', create: made(UnmarkedStore), reportedBy: [PLAIN_RUN] },
  ],
);
