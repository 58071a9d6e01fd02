const WIDTH = 30;

/** How far the orders are, on one line that is written over and over. Prints nothing where nobody sees it move. */
export class ProgressBar {
  private readonly written = new Set<string>();
  private readonly projected = new Set<string>();
  private isOpen = false;

  constructor(
    private readonly total: number,
    private readonly output: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
  ) {}

  addWritten(orderId: string): void {
    this.written.add(orderId);
    this.show();
  }

  addProjected(orderId: string): void {
    // The handler may be faster than the answer to the write.
    this.written.add(orderId);
    this.projected.add(orderId);
    this.show();
  }

  /** What is printed next begins on a line of its own, also when an order is missing. */
  end(): void {
    if (this.isOpen) this.output.write('\n');
    this.isOpen = false;
  }

  private show(): void {
    if (!this.output.isTTY) return;
    this.isOpen = true;
    const { total, written, projected } = this;
    const cells = (count: number) => Math.round((count / total) * WIDTH);
    const done = '█'.repeat(cells(projected.size));
    const waiting = '▒'.repeat(cells(written.size) - done.length);
    const bar = `${done}${waiting}`.padEnd(WIDTH, '░');
    this.output.write(`\r[${bar}] ${written.size}/${total} written, ${projected.size}/${total} projected`);
  }
}
