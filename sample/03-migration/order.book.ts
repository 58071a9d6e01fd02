import { Pool } from 'pg';

/** What a handler writes with: a pool, or the transaction it runs in. */
export interface Connection {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/** The names of the steps, as the table at the end has them. */
export const STEPS = [
  'on the reference client',
  'import changed, pump started',
  'hosted, one handler decorated',
  'all decorated',
] as const;

/** The effects of the handlers: one row for each time one ran, so that nothing hides a second run. */
export class OrderBook {
  /** Which step handles at the moment. */
  step = 0;
  private readonly pool: Pool;

  private constructor(url: string) {
    this.pool = new Pool({ connectionString: url });
  }

  static async open(url: string): Promise<OrderBook> {
    const book = new OrderBook(url);
    await book.pool.query(
      `CREATE TABLE IF NOT EXISTS migration_order_book (event_id text NOT NULL, order_id text NOT NULL, what text NOT NULL, step int NOT NULL)`,
    );
    return book;
  }

  /** @param connection the handler's transaction, where it has one */
  async add(
    what: 'placed' | 'paid',
    event: { readonly eventId: string; readonly payload: { readonly orderId: string } },
    connection: Connection = this.pool,
  ): Promise<void> {
    await connection.query('INSERT INTO migration_order_book VALUES ($1, $2, $3, $4)', [
      event.eventId,
      event.payload.orderId,
      what,
      this.step,
    ]);
  }

  /** How often each event was handled, and in which step first. */
  async timesHandled(eventIds: readonly string[]): Promise<Map<string, { times: number; step: number }>> {
    const { rows } = await this.pool.query<{ event_id: string; times: number; step: number }>(
      `SELECT event_id, count(*)::int AS times, min(step) AS step FROM migration_order_book
       WHERE event_id = ANY($1) GROUP BY event_id`,
      [eventIds],
    );
    return new Map(rows.map(({ event_id: eventId, times, step }) => [eventId, { times, step }]));
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
