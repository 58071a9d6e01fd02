import { STEPS, type OrderBook } from './order.book.js';

/** An event that was stored, and during which step: while it ran, or while it was put in place of the former. */
interface Stored {
  readonly eventId: string;
  readonly step: number;
  readonly isReplacing: boolean;
}

/** Everything that was stored in this run, to be held against what was handled. */
export class Ledger {
  private readonly stored: Stored[] = [];

  add(step: number, isReplacing: boolean, eventIds: readonly string[]): void {
    this.stored.push(...eventIds.map((eventId) => ({ eventId, step, isReplacing })));
  }

  /** Prints what happened. `false` when an event is lost or was handled twice. */
  async report(book: OrderBook): Promise<boolean> {
    const handled = await book.timesHandled(this.stored.map(({ eventId }) => eventId));
    const timesOf = ({ eventId }: Stored) => handled.get(eventId)?.times ?? 0;
    const lineOf = (stored: readonly Stored[], handledHere: number) => {
      const times = stored.map(timesOf);
      return {
        'stored while it ran': stored.filter(({ isReplacing }) => !isReplacing).length,
        'while it was put in': stored.filter(({ isReplacing }) => isReplacing).length,
        'handled by it': handledHere,
        lost: times.filter((count) => count === 0).length,
        'handled twice': times.filter((count) => count > 1).length,
      };
    };
    const steps = STEPS.map((name, step) => {
      const handledHere = [...handled.values()].filter((each) => each.step === step).length;
      const stored = this.stored.filter((event) => event.step === step);
      return [`${step}  ${name}`, lineOf(stored, handledHere)] as const;
    });
    const total = lineOf(this.stored, handled.size);
    print([...steps, ['   total', total]]);
    const isSound = total.lost === 0 && total['handled twice'] === 0;
    console.log(
      isSound
        ? 'Every event was handled once.'
        : `NOT every event was handled once: ${total.lost} lost, ${total['handled twice']} handled twice.`,
    );
    return isSound;
  }
}

function print(lines: readonly (readonly [string, Readonly<Record<string, number>>])[]): void {
  const columns = Object.keys(lines[0]?.[1] ?? {});
  const width = Math.max(...lines.map(([name]) => name.length), 'step'.length);
  const gap = '   ';
  console.log(`\n${'step'.padEnd(width)}${gap}${columns.join(gap)}`);
  for (const [name, line] of lines) {
    const numbers = columns.map((column) => String(line[column]).padStart(column.length));
    console.log(`${name.padEnd(width)}${gap}${numbers.join(gap)}`);
  }
  console.log();
}
