import { createHash } from 'node:crypto';
import type { DeliveryStore, PauseOrigin } from '../../state/delivery-store.interface.js';
import type { Database } from '../database.js';

/** What the store works with. */
export interface TypeOrmDeliveryStoreOptions {
  readonly database: Database;
  /** A notification for every other instance: the pauses of that application have changed. */
  readonly announcement: (application: string) => { readonly channel: string; readonly payload: string };
  /** Without an application: those of any may have changed unheard. */
  onAnnounced(look: (application?: string) => void): () => void;
}

/**
 * Pauses in `pathway_delivery_state`, one row per application. The reference client deletes a row that holds no pause;
 * here it stays, empty, because it also remembers commands.
 */
export class TypeOrmDeliveryStore implements DeliveryStore {
  constructor(private readonly options: TypeOrmDeliveryStoreOptions) {}

  async pausedPumps(deliveryKey: string): Promise<readonly string[]> {
    const [row] = await this.options.database.query<{ paused_pumps: string[] }>(
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
    await this.change(
      deliveryKey,
      `INSERT INTO ${this.table} AS d (pathway_key, paused_pumps, application_pauses)
       VALUES ($1, ARRAY(SELECT DISTINCT unnest($2::text[])), ARRAY(SELECT DISTINCT unnest($3::text[])))
       ON CONFLICT (pathway_key) DO UPDATE SET
         paused_pumps = ARRAY(SELECT unnest(d.paused_pumps) UNION SELECT unnest(excluded.paused_pumps)),
         application_pauses = ARRAY(
           (SELECT unnest(d.application_pauses) INTERSECT SELECT unnest(d.paused_pumps))
           UNION SELECT unnest(excluded.application_pauses)),
         updated_at = now()`,
      [pumps, ofApplication],
    );
  }

  async resume(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await this.change(
      deliveryKey,
      `UPDATE ${this.table}
       SET paused_pumps = ARRAY(SELECT unnest(paused_pumps) EXCEPT SELECT unnest($2::text[])),
         application_pauses = ARRAY(SELECT unnest(application_pauses) EXCEPT SELECT unnest($2::text[])),
         updated_at = now()
       WHERE pathway_key = $1`,
      [pumps],
    );
  }

  async lift(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await this.change(
      deliveryKey,
      `UPDATE ${this.table}
       SET paused_pumps = ARRAY(
           SELECT unnest(paused_pumps)
           EXCEPT (SELECT unnest($2::text[]) EXCEPT SELECT unnest(application_pauses))),
         updated_at = now()
       WHERE pathway_key = $1`,
      [pumps],
    );
  }

  onChanged(deliveryKey: string, look: () => void): () => void {
    const own = applicationOf(deliveryKey);
    return this.options.onAnnounced((application = own) => {
      if (application === own) look();
    });
  }

  /** Told at the commit, so whoever is told reads what was written. `$1` of the statement is the key. */
  private async change(deliveryKey: string, sql: string, parameters: readonly unknown[]): Promise<void> {
    const { database, announcement } = this.options;
    const { channel, payload } = announcement(applicationOf(deliveryKey));
    const at = parameters.length + 2;
    await database.query(
      `WITH changed AS (${sql} RETURNING pathway_key)
       SELECT pg_notify($${at}, $${at + 1})::text FROM changed`,
      [deliveryKey, ...parameters, channel, payload],
    );
  }

  private get table(): string {
    return this.options.database.tables.sql('deliveryState');
  }
}

/** Keys are of any length, and a notification is not. */
function applicationOf(deliveryKey: string): string {
  return createHash('sha256').update(deliveryKey).digest('hex');
}
