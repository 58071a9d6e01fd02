/** Remembers the ids fetched last, so that overlapping reads and late notifications fetch nothing twice. */
export class RecentIds {
  private young = new Set<string>();
  private old = new Set<string>();

  /** @param capacity ids remembered at least. */
  constructor(private readonly capacity: number) {}

  has(id: string): boolean {
    return this.young.has(id) || this.old.has(id);
  }

  add(id: string): void {
    if (this.young.size >= this.capacity) {
      this.old = this.young;
      this.young = new Set();
    }
    this.young.add(id);
  }
}
