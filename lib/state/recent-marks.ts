/** Numbers of one entry: its mark, and the four the id stands for. */
const STRIDE = 5;
/** Slots of a table that has just begun. A power of two, as every size. */
const SMALLEST = 1_024;
/** The mark of an entry that was removed: other ids may lie behind it, so its slot cannot be empty. */
const REMOVED = -2;

/**
 * Marks by event id, of which those that were not set again since the last {@link turn} are dropped by the next.
 *
 * Nearly all that a mark costs is memory that the processor has to fetch. A `Map` of 100,000 ids is walked through buckets,
 * entries and the ids themselves before it can say that it does not have one, and the collector traces each of its strings.
 * Event ids are UUIDs: here one is four numbers beside its mark in one array, with linear probing, found or missed in one
 * place. Ids of any other form are in Maps.
 *
 * An entry is of one of two sides, the young or the old: a bit of its mark. A turn removes the old ones and swaps the sides.
 */
export class RecentMarks {
  private slots = SMALLEST;
  private entries = new Int32Array(SMALLEST * STRIDE);
  /** Slots that are not empty. */
  private used = 0;
  private young: 0 | 1 = 0;
  private youngUuids = 0;
  private readonly id = new Int32Array(4);
  /** The id that was asked for last and its place: an event asks several times in a row. */
  private lastId: string | undefined;
  private lastAt = 0;
  private others = new Map<string, number>();
  private oldOthers = new Map<string, number>();

  /** How many were set since the last turn. */
  get youngCount(): number {
    return this.youngUuids + this.others.size;
  }

  get(id: string): number | undefined {
    const at = this.placeOf(id);
    if (at === undefined) return this.others.get(id) ?? this.oldOthers.get(id);
    if (at < 0) return undefined;
    const mark = markOf(this.entries[at] as number);
    return mark === REMOVED ? undefined : mark;
  }

  /** @param mark a whole number from -1 to 500 million. */
  set(id: string, mark: number): void {
    const at = this.placeOf(id);
    if (at === undefined) return void this.others.set(id, mark);
    if (at >= 0) {
      if (((this.entries[at] as number) & 1) !== this.young) this.youngUuids++;
      this.entries[at] = wordOf(mark, this.young);
      return;
    }
    this.youngUuids++;
    this.lastAt = ~at;
    this.enter(~at, wordOf(mark, this.young), this.id, 0);
    if (++this.used * 2 > this.slots) this.rebuild();
  }

  delete(id: string): void {
    this.others.delete(id);
    this.oldOthers.delete(id);
    const at = this.placeOf(id);
    if (at !== undefined && at >= 0)
      this.entries[at] = wordOf(REMOVED, ((this.entries[at] as number) & 1) as 0 | 1);
  }

  /** Drops the old ones but those whose mark is `kept`; the young ones become old. */
  turn(kept: number): void {
    for (const [id, mark] of this.oldOthers)
      if (mark === kept && !this.others.has(id)) this.others.set(id, mark);
    this.oldOthers = this.others;
    this.others = new Map();
    const { entries, young } = this;
    for (let at = 0; at < entries.length; at += STRIDE) {
      const word = entries[at] as number;
      if (word === 0 || (word & 1) === young) continue;
      entries[at] = wordOf(markOf(word) === kept ? kept : REMOVED, young);
    }
    this.rebuild();
    this.young = young === 0 ? 1 : 0;
    this.youngUuids = 0;
  }

  /** As {@link find}; `undefined` for an id that is no UUID. `this.id` is that id's then. */
  private placeOf(id: string): number | undefined {
    if (id === this.lastId) return this.lastAt;
    if (!readUuid(id, this.id)) return undefined;
    this.lastId = id;
    return (this.lastAt = this.find(this.id));
  }

  /** The place of an id in `entries`; where it is missing, the complement of the place it belongs to. */
  private find(id: Int32Array): number {
    const { entries } = this;
    const last = this.slots - 1;
    const a = id[0] as number;
    const b = id[1] as number;
    const c = id[2] as number;
    const d = id[3] as number;
    for (let slot = hashOf(a, b, c, d) & last; ; slot = (slot + 1) & last) {
      const at = slot * STRIDE;
      if (entries[at] === 0) return ~at;
      // The first number of an id is the one that tells it from its neighbours in time.
      if (entries[at + 1] !== a) continue;
      if (entries[at + 2] === b && entries[at + 3] === c && entries[at + 4] === d) return at;
    }
  }

  private enter(at: number, word: number, id: Int32Array, from: number): void {
    const { entries } = this;
    entries[at] = word;
    for (let n = 0; n < 4; n++) entries[at + 1 + n] = id[from + n] as number;
  }

  /** Makes the table anew without what was removed, with four slots for each entry: it may double before the next time. */
  private rebuild(): void {
    const before = this.entries;
    this.lastId = undefined;
    let count = 0;
    for (let at = 0; at < before.length; at += STRIDE) if (isPresent(before[at] as number)) count++;
    this.slots = SMALLEST;
    while (this.slots < count * 4) this.slots *= 2;
    this.entries = new Int32Array(this.slots * STRIDE);
    this.used = count;
    for (let at = 0; at < before.length; at += STRIDE) {
      if (!isPresent(before[at] as number)) continue;
      for (let n = 0; n < 4; n++) this.id[n] = before[at + 1 + n] as number;
      this.enter(~this.find(this.id), before[at] as number, before, at + 1);
    }
  }
}

/** A mark and its side in one number that is not 0, which is an empty slot. */
function wordOf(mark: number, side: 0 | 1): number {
  return ((mark - REMOVED + 1) << 1) | side;
}

function markOf(word: number): number {
  return (word >> 1) + REMOVED - 1;
}

function isPresent(word: number): boolean {
  return word !== 0 && markOf(word) !== REMOVED;
}

/** Ids that follow each other differ in the first number only, and there by little: every bit of it must count. */
function hashOf(a: number, b: number, c: number, d: number): number {
  const mixed =
    Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  return mixed ^ (mixed >>> 15);
}

const DASH = 45;
/** By character code; -1 is no lower-case hexadecimal digit. */
const DIGITS = new Int8Array(256).fill(-1);
for (const [value, digit] of [...'0123456789abcdef'].entries()) DIGITS[digit.charCodeAt(0)] = value;

/** False when the text is not a UUID in the one form ids have: a different spelling is a different id. */
function readUuid(text: string, into: Int32Array): boolean {
  if (text.length !== 36) return false;
  if (text.charCodeAt(8) !== DASH || text.charCodeAt(13) !== DASH) return false;
  if (text.charCodeAt(18) !== DASH || text.charCodeAt(23) !== DASH) return false;
  const first = digitsAt(text, 0, 4);
  const second = digitsAt(text, 4, 8);
  const third = digitsAt(text, 9, 13);
  const fourth = digitsAt(text, 14, 18);
  const fifth = digitsAt(text, 19, 23);
  const sixth = digitsAt(text, 24, 28);
  const seventh = digitsAt(text, 28, 32);
  const eighth = digitsAt(text, 32, 36);
  if ((first | second | third | fourth | fifth | sixth | seventh | eighth) < 0) return false;
  into[0] = (first << 16) | second;
  into[1] = (third << 16) | fourth;
  into[2] = (fifth << 16) | sixth;
  into[3] = (seventh << 16) | eighth;
  return true;
}

/** Four digits as a number below 65,536; negative when one of them is none. */
function digitsAt(text: string, from: number, to: number): number {
  let value = 0;
  let wrong = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    // Beyond the table there is no digit; an index past its end would read `undefined`.
    const digit = DIGITS[code & 0xff] as number;
    wrong |= digit | (0xff - code);
    value = (value << 4) | digit;
  }
  return wrong < 0 ? -1 : value;
}
