/** Options of every method decorator. */
export interface HandlerDecoratorOptions {
  /**
   * Name of the PathwaysModule instance whose events are meant.
   *
   * @default 'default'
   */
  instance?: string;
}
