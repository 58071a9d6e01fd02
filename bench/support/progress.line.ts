/** One line on a terminal that says what runs; plain lines, one per case, where there is no terminal. */
export class ProgressLine {
  private readonly startedAt = performance.now();
  private last = '';

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** `where` is the case, `what` what it is doing. */
  show(where: string, what: string): void {
    if (this.stream.isTTY) {
      const text = `  ${this.time()} ${where} ${what}`;
      this.stream.write(`\r\x1b[K${text.slice(0, (this.stream.columns || 100) - 1)}`);
    } else if (where !== this.last) {
      this.stream.write(`  ${this.time()} ${where}\n`);
    }
    this.last = where;
  }

  clear(): void {
    if (this.stream.isTTY) this.stream.write('\r\x1b[K');
  }

  private time(): string {
    const seconds = Math.round((performance.now() - this.startedAt) / 1_000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
