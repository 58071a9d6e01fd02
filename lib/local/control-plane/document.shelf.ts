import type { EventLog } from '../event-log.interface.js';

/** Records of one kind, in memory and in the log; oldest first. */
export class DocumentShelf<T> {
  private readonly items = new Map<string, { readonly sequence: number; readonly value: T }>();
  private last = 0;

  constructor(
    private readonly log: EventLog,
    private readonly collection: string,
    /** The oldest beyond this are forgotten. */
    private readonly most = Infinity,
  ) {
    const stored = log
      .documents(collection)
      .map(({ id, text }) => ({ id, item: JSON.parse(text) as { sequence: number; value: T } }))
      .sort((left, right) => left.item.sequence - right.item.sequence);
    for (const { id, item } of stored) {
      this.items.set(id, item);
      this.last = item.sequence;
    }
  }

  get(id: string): T | undefined {
    return this.items.get(id)?.value;
  }

  all(): T[] {
    return [...this.items.values()].map(({ value }) => value);
  }

  /** Adds it, or replaces the one with this id in its place. */
  save(id: string, value: T): T {
    const item = { sequence: this.items.get(id)?.sequence ?? ++this.last, value };
    this.items.set(id, item);
    this.log.saveDocument(this.collection, id, JSON.stringify(item));
    for (const [oldest] of this.items) {
      if (this.items.size <= this.most) break;
      this.delete(oldest);
    }
    return value;
  }

  delete(id: string): void {
    if (this.items.delete(id)) this.log.deleteDocument(this.collection, id);
  }
}
