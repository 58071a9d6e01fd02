import type { DeadLetterStore } from '../../state/dead-letter-store.interface.js';
import { MemoryDeadLetterStore } from '../../state/memory-dead-letter.store.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { deadLetterStoreContract } from './dead-letter-store.contract.js';
import * as mutants from './dead-letter-store.mutants.spec-util.js';

const shared = (Faulty: new () => DeadLetterStore) => () => {
  const store = new Faulty();
  return { store, openSecond: () => store };
};

const FIELDS = 'a letter comes back with every field, its dates to the millisecond';
const WITHOUT = 'a letter without order key, attempts and generation comes back without them';
const EXACT = 'events come back exactly as they were delivered';
const ODD = 'odd and long ids and keys are told apart';
const UNKNOWN = 'an unknown letter is not found, and removing it changes nothing';
const REMOVED = 'a removed letter is gone';
const ORDER = 'letters are listed in the order they were added, whatever their ids and times';
const REPLACES = 'the same event again replaces its letter and keeps its place';
const LIMIT = 'a list ends at its limit';
const PAGES = 'a list goes on behind the place of its last letter, which a replaced letter keeps';
const CAUSES = 'letters are counted by cause, the most frequent first';
const AT_ONCE = 'letters that are added at once are all kept, the same one once';
const FILTERS = 'filters choose by pathway, source, order key, reason and fingerprint, all of them together';
const BLOCKS = 'the first letter of a source and key blocks it, then the next';
const APART = 'another source or key is not blocked, nor one that only looks alike';
const NOT_PARKED = 'nothing is parked where nothing blocks';
const PARKED = 'a letter is parked behind those of its source and key';
const LEFT_BEHIND = 'no letter is parked behind the last one while that is removed';
const SHARED = 'a letter added by one instance is seen, blocks and is removed by another';

describeMutants(
  'deadLetterStoreContract',
  (create, limitMs) => deadLetterStoreContract(create, { limitMs }),
  shared(MemoryDeadLetterStore),
  [
    { name: 'rounds dates', create: shared(mutants.KeepsWholeSeconds), reportedBy: [FIELDS] },
    { name: 'gives dates as text', create: shared(mutants.KeepsDatesAsText), reportedBy: [FIELDS] },
    { name: 'drops the generation', create: shared(mutants.DropsGenerations), reportedBy: [FIELDS] },
    { name: 'invents order keys', create: shared(mutants.InventsOrderKeys), reportedBy: [WITHOUT, APART] },
    { name: 'sorts the keys of events', create: shared(mutants.SortsKeys), reportedBy: [EXACT] },
    { name: 'drops characters of events', create: shared(mutants.DropsNul), reportedBy: [EXACT] },
    {
      name: 'refuses an error with a NUL',
      create: shared(mutants.RefusesNul),
      reportedBy: ['a NUL in an error message does not keep a letter out'],
    },
    { name: 'trims ids', create: shared(mutants.TrimsIds), reportedBy: [ODD] },
    { name: 'finds what is not there', create: shared(mutants.FindsAnything), reportedBy: [UNKNOWN] },
    { name: 'removes nothing', create: shared(mutants.RemovesNothing), reportedBy: [REMOVED, BLOCKS] },
    {
      name: 'removes another letter',
      create: shared(mutants.RemovesTheFirst),
      reportedBy: [UNKNOWN, REMOVED],
    },
    {
      name: 'removes letters of any generation',
      create: shared(mutants.RemovesAnyGeneration),
      reportedBy: ['a letter of another generation is not removed when one is named'],
    },
    { name: 'knows no pages', create: shared(mutants.KnowsNoPages), reportedBy: [PAGES] },
    { name: 'counts what is on earlier pages', create: shared(mutants.CountsEveryPage), reportedBy: [PAGES] },
    { name: 'orders causes by name', create: shared(mutants.CountsCausesByName), reportedBy: [CAUSES] },
    {
      name: 'counts causes without the filter',
      create: shared(mutants.CountsEveryCause),
      reportedBy: [CAUSES],
    },
    {
      name: 'parks a letter behind itself',
      create: shared(mutants.ParksBehindItself),
      reportedBy: ['a letter is not parked behind itself'],
    },
    { name: 'lists by time', create: shared(mutants.SortsByTime), reportedBy: [ORDER] },
    {
      name: 'gives a replaced letter a new place',
      create: shared(mutants.ReplacesAtTheEnd),
      reportedBy: [REPLACES],
    },
    {
      name: 'keeps the first letter of an event',
      create: shared(mutants.KeepsTheFirstLetter),
      reportedBy: [REPLACES],
    },
    { name: 'ignores the limit', create: shared(mutants.ListsEverything), reportedBy: [LIMIT] },
    { name: 'limits before it filters', create: shared(mutants.LimitsBeforeItFilters), reportedBy: [LIMIT] },
    { name: 'ignores a filter', create: shared(mutants.IgnoresAFilter), reportedBy: [FILTERS] },
    { name: 'counts without the filter', create: shared(mutants.CountsEverything), reportedBy: [FILTERS] },
    {
      name: 'loses letters that come at once',
      create: shared(mutants.RewritesTheWholeFile),
      reportedBy: [AT_ONCE],
    },
    { name: 'blocks with the last letter', create: shared(mutants.BlocksWithTheLast), reportedBy: [BLOCKS] },
    { name: 'blocks every source', create: shared(mutants.BlocksEverySource), reportedBy: [APART] },
    {
      name: 'looks for several keys in every source',
      create: shared(mutants.BlocksKeysOfEverySource),
      reportedBy: ['the blocked ones of several keys are those that are blocked one by one'],
    },
    { name: 'joins source and key', create: shared(mutants.JoinsSourceAndKey), reportedBy: [APART] },
    {
      name: 'blocks a key that the letter no longer has',
      create: shared(mutants.BlocksTheFormerKey),
      reportedBy: ['a letter that comes again with another key blocks that one alone'],
    },
    {
      name: 'parks where nothing blocks',
      create: shared(mutants.ParksEverything),
      reportedBy: [NOT_PARKED],
    },
    { name: 'parks nothing', create: shared(mutants.ParksNothing), reportedBy: [PARKED, SHARED] },
    {
      name: 'parks without keeping the letter',
      create: shared(mutants.ParksWithoutKeeping),
      reportedBy: [PARKED],
    },
    { name: 'looks before it parks', create: shared(mutants.LooksBeforeItParks), reportedBy: [LEFT_BEHIND] },
    {
      name: 'keeps its letters to itself',
      create: () => ({ store: new MemoryDeadLetterStore(), openSecond: () => new MemoryDeadLetterStore() }),
      reportedBy: [SHARED, ORDER],
    },
  ],
);
