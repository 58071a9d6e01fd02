/** Who wants to be told of something. */
export class Listeners<TArguments extends readonly unknown[]> {
  private readonly listeners = new Set<(...args: TArguments) => void>();

  /** @returns a function that ends it. */
  add(listener: (...args: TArguments) => void): () => void {
    // Of its own: the same function may be added twice, and end once.
    const own = (...args: TArguments) => listener(...args);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  tell(...args: TArguments): void {
    for (const listener of this.listeners) listener(...args);
  }
}
