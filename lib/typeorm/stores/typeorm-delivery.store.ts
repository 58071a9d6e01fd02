import type { DeliveryStore, PauseOrigin } from '../../state/delivery-store.interface.js';
import type { Database } from '../database.js';

/**
 * Pauses in `pathway_delivery_state`, one row per application. The reference client deletes a row that holds no pause;
 * here it stays, empty, because it also remembers commands.
 */
export class TypeOrmDeliveryStore implements DeliveryStore {
  constructor(private readonly database: Database) {}

  async pausedPumps(deliveryKey: string): Promise<readonly string[]> {
    const [row] = await this.database.query<{ paused_pumps: string[] }>(
      `SELECT paused_pumps FROM ${this.table} WHERE pathway_key = $1`,
      [deliveryKey],
    );
    return row?.paused_pumps ?? [];
  }

  /** One statement: two instances that pause different pumps must not undo each other. */
  async pause(
    deliveryKey: string,
    pumps: readonly string[],
    origin: PauseOrigin = 'control-plane',
  ): Promise<void> {
    const ofApplication = origin === 'application' ? pumps : [];
    // A release that does not know whose a pause is takes it away and leaves the origin: it must not count for the next one.
    await this.database.query(
      `INSERT INTO ${this.table} AS d (pathway_key, paused_pumps, application_pauses)
       VALUES ($1, ARRAY(SELECT DISTINCT unnest($2::text[])), ARRAY(SELECT DISTINCT unnest($3::text[])))
       ON CONFLICT (pathway_key) DO UPDATE SET
         paused_pumps = ARRAY(SELECT unnest(d.paused_pumps) UNION SELECT unnest(excluded.paused_pumps)),
         application_pauses = ARRAY(
           (SELECT unnest(d.application_pauses) INTERSECT SELECT unnest(d.paused_pumps))
           UNION SELECT unnest(excluded.application_pauses)),
         updated_at = now()`,
      [deliveryKey, pumps, ofApplication],
    );
  }

  async resume(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await this.database.query(
      `UPDATE ${this.table}
       SET paused_pumps = ARRAY(SELECT unnest(paused_pumps) EXCEPT SELECT unnest($2::text[])),
         application_pauses = ARRAY(SELECT unnest(application_pauses) EXCEPT SELECT unnest($2::text[])),
         updated_at = now()
       WHERE pathway_key = $1`,
      [deliveryKey, pumps],
    );
  }

  async lift(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await this.database.query(
      `UPDATE ${this.table}
       SET paused_pumps = ARRAY(
           SELECT unnest(paused_pumps)
           EXCEPT (SELECT unnest($2::text[]) EXCEPT SELECT unnest(application_pauses))),
         updated_at = now()
       WHERE pathway_key = $1`,
      [deliveryKey, pumps],
    );
  }

  private get table(): string {
    return this.database.tables.sql('deliveryState');
  }
}
