/** Runs changes one after the other. */
export class SerialChanges {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** One is not over yet. */
  get areUnderWay(): boolean {
    return this.waiting > 0;
  }

  /** Runs the change when those before it are over, however they ended. */
  run<T>(change: () => Promise<T>): Promise<T> {
    this.waiting++;
    const result = this.last.then(change).finally(() => this.waiting--);
    this.last = result.catch(() => {});
    return result;
  }
}
