import { describeMutants } from './contract-mutants.spec-util.js';
import { outboxStoreContract } from './outbox-store.contract.js';
import * as faulty from './outbox-store.mutants.spec-util.js';

const { shared } = faulty;

const BACK = 'entries come back as they were, in the order they were added in, with ids that grow';
const CHANGED = 'an entry whose payload the caller changes later is kept as it was';
const LIMIT = 'no more is given than asked for, and nothing of the keys left out';
const BOTH = 'what two instances add is one order, and both see it';
const AT_ONCE = 'of callers that add at once nothing is lost, and the entries of each keep their order';
const LISTEN = 'who listens is told of additions, also of other instances, until it ends that';
const SENT = 'what was sent is no longer pending, also when that is said twice';
const FAILED = 'what failed is tried again in its place, and the tries are counted';
const GIVEN = 'an idempotency id is given once, and is there from then on';
const RELAYS = 'of relays that give ids at once one does for every entry';
const FENCED = 'a relay whose lease has gone to another one gives no ids any more';
const HELD = 'a held entry holds back what comes behind it in its key, and nothing else';
const ODD = 'keys do not hold each other back, however odd';
const LISTED = 'held entries are listed with their cause, the oldest first';
const RETRIED = 'a held entry that is retried is pending in its place, with what waited behind it';
const DISCARDED = 'a held entry that is discarded is gone, and what waited behind it is pending';
const TWO_HELD = 'of two held entries of a key the later one still holds back when the first is let go';
const LATE = 'a relay that comes late neither holds what was sent nor counts a try of what is held';
const BOTH_HELD = 'of two instances both see what is held, and one of them lets it go';
const ONCE = 'a write with a key is added once: a repetition gets the references of the first';
const SENT_KEY = 'the key is remembered when its entries are sent';
const REUSED = 'a key that stands for another write is refused by name, and nothing is added';
const KEY_AT_ONCE = 'of callers that add with one key at once, one does, and all get its references';
const TRIED = 'what was tried in vain can be discarded too, also after a retry, but not what was sent';
const OVER = 'a key is free for another write when its time is over';
const CLEANED =
  'sent entries are deleted when they are older than asked, so many at a time, and others never';
const CLEANED_ONCE = 'two instances that clean at once delete every entry once';

describeMutants(
  'outboxStoreContract',
  (create, limitMs) => outboxStoreContract(create, { shared: true, clock: true, limitMs }),
  shared(faulty.SharedOutbox),
  [
    { name: 'forgets headers', create: shared(faulty.ForgetsHeaders), reportedBy: [BACK] },
    {
      name: 'keeps objects of the caller',
      create: shared(faulty.KeepsTheCallersObjects),
      reportedBy: [CHANGED],
    },
    { name: 'overlooks the limit', create: shared(faulty.OverlooksTheLimit), reportedBy: [LIMIT] },
    {
      name: 'keeps entries to one instance',
      create: shared(faulty.KeepsToItself),
      reportedBy: [BOTH, BOTH_HELD],
    },
    { name: 'adds backwards', create: shared(faulty.AddsBackwards), reportedBy: [BACK, AT_ONCE] },
    { name: 'tells nobody', create: shared(faulty.TellsNobody), reportedBy: [LISTEN] },
    { name: 'sends on', create: shared(faulty.SendsOn), reportedBy: [SENT] },
    { name: 'counts no tries', create: shared(faulty.CountsNoTries), reportedBy: [FAILED] },
    { name: 'gives ids to anybody', create: shared(faulty.GivesIdsToAnybody), reportedBy: [GIVEN, RELAYS] },
    { name: 'knows no tokens', create: shared(faulty.KnowsNoTokens), reportedBy: [FENCED] },
    { name: 'holds nothing', create: shared(faulty.HoldsNothing), reportedBy: [HELD, LISTED] },
    { name: 'folds keys', create: shared(faulty.FoldsKeys), reportedBy: [BACK, ODD] },
    { name: 'lists the youngest first', create: shared(faulty.ListsTheYoungestFirst), reportedBy: [LISTED] },
    {
      name: 'counts what is not held',
      create: shared(faulty.CountsWhatIsAsked),
      reportedBy: [RETRIED, DISCARDED, BOTH_HELD],
    },
    {
      name: 'discards only what is held',
      create: shared(faulty.DiscardsOnlyWhatIsHeld),
      reportedBy: [TRIED],
    },
    { name: 'lets all go with one', create: shared(faulty.LetsAllGo), reportedBy: [TWO_HELD] },
    { name: 'counts late tries', create: shared(faulty.CountsLateTries), reportedBy: [LATE] },
    { name: 'adds again', create: shared(faulty.AddsAgain), reportedBy: [ONCE, KEY_AT_ONCE] },
    {
      name: 'forgets keys of what was sent',
      create: shared(faulty.ForgetsKeysOfWhatWasSent),
      reportedBy: [SENT_KEY],
    },
    { name: 'overlooks other content', create: shared(faulty.OverlooksOtherContent), reportedBy: [REUSED] },
    { name: 'looks before it adds', create: shared(faulty.LooksBefore), reportedBy: [KEY_AT_ONCE] },
    { name: 'remembers for ever', create: shared(faulty.RemembersForEver), reportedBy: [OVER] },
    { name: 'cleans the young', create: shared(faulty.CleansTheYoung), reportedBy: [CLEANED] },
    {
      name: 'counts before it cleans',
      create: shared(faulty.CountsBeforeItCleans),
      reportedBy: [CLEANED_ONCE],
    },
  ],
);
