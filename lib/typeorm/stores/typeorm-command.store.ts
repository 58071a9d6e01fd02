import type { CommandOutcome, CommandRecord, CommandStore } from '../../state/command-store.interface.js';
import type { Database } from '../database.js';

/** Far more than a control plane keeps in its queue. */
const MAX_COMMANDS = 500;

/** What the column `commands` holds by command id. */
interface StoredCommand {
  readonly outcome?: CommandOutcome;
  readonly reported?: boolean;
}

/** Commands in the column `commands` of `pathway_delivery_state`, in the row that holds the application's pauses. */
export class TypeOrmCommandStore implements CommandStore {
  constructor(private readonly database: Database) {}

  /** One statement: of two instances that ask at once, the second waits for the row and finds the command in it. */
  async begin(deliveryKey: string, commandId: string): Promise<boolean> {
    const begun = await this.database.query(
      `INSERT INTO ${this.table} AS d (pathway_key, commands)
       VALUES ($1, jsonb_build_object($2::text, jsonb_build_object('at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'))))
       ON CONFLICT (pathway_key) DO UPDATE SET commands = excluded.commands || (
           SELECT COALESCE(jsonb_object_agg(k.key, k.value), '{}') FROM (
             SELECT key, value FROM jsonb_each(d.commands) ORDER BY value ->> 'at' DESC LIMIT ${MAX_COMMANDS}
           ) AS k
         ), updated_at = now()
       WHERE NOT d.commands ? $2::text
       RETURNING pathway_key`,
      [deliveryKey, commandId],
    );
    return begun.length > 0;
  }

  finish(deliveryKey: string, commandId: string, outcome: CommandOutcome): Promise<void> {
    return this.change(deliveryKey, commandId, { outcome });
  }

  reported(deliveryKey: string, commandId: string): Promise<void> {
    return this.change(deliveryKey, commandId, { reported: true });
  }

  async find(deliveryKey: string, commandId: string): Promise<CommandRecord | undefined> {
    const [row] = await this.database.query<{ command: StoredCommand | null }>(
      `SELECT commands -> $2::text AS command FROM ${this.table} WHERE pathway_key = $1`,
      [deliveryKey, commandId],
    );
    return row?.command ? recordOf(commandId, row.command) : undefined;
  }

  async unreported(deliveryKey: string): Promise<readonly CommandRecord[]> {
    const rows = await this.database.query<{ id: string; command: StoredCommand }>(
      `SELECT c.key AS id, c.value AS command FROM ${this.table}, jsonb_each(commands) AS c
       WHERE pathway_key = $1 AND NOT COALESCE((c.value ->> 'reported')::boolean, false)
       ORDER BY c.value ->> 'at'`,
      [deliveryKey],
    );
    return rows.map(({ id, command }) => recordOf(id, command));
  }

  private async change(deliveryKey: string, commandId: string, change: StoredCommand): Promise<void> {
    await this.database.query(
      `UPDATE ${this.table}
       SET commands = jsonb_set(commands, ARRAY[$2::text], (commands -> $2::text) || $3::jsonb), updated_at = now()
       WHERE pathway_key = $1 AND commands ? $2::text`,
      [deliveryKey, commandId, JSON.stringify(change)],
    );
  }

  private get table(): string {
    return this.database.tables.sql('deliveryState');
  }
}

function recordOf(commandId: string, { outcome, reported = false }: StoredCommand): CommandRecord {
  return { commandId, ...(outcome && { outcome }), isReported: reported };
}
