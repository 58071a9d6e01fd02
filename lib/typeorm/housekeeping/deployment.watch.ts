import type { Database } from '../database.js';

/** What the watch works with. */
export interface DeploymentWatchOptions {
  readonly database: Database;
  readonly instanceId: string;
  readonly tenant: string;
  readonly dataCore: string;
  pathways(): readonly string[];
}

interface Other {
  readonly instance_id: string;
  readonly tenant: string;
  readonly data_core: string;
  readonly pathways: string[];
}

/** An instance that has not been seen for this long is no neighbour any more. */
const SEEN_WITHIN = `interval '2 minutes'`;

/**
 * Tells when two different applications share one set of tables: one would clean up marks that the other's pumps still
 * rely on, and an event that both handle would only be handled by one of them.
 */
export class DeploymentWatch {
  private readonly reported = new Set<string>();

  constructor(private readonly options: DeploymentWatchOptions) {}

  async look(): Promise<void> {
    const { database, instanceId, tenant, dataCore } = this.options;
    const table = database.tables.sql('deployments');
    const pathways = [...this.options.pathways()].sort();
    const others = await database.query<Other>(
      `WITH me AS (
  INSERT INTO ${table} (instance_id, tenant, data_core, pathways) VALUES ($1, $2, $3, $4)
  ON CONFLICT (instance_id) DO UPDATE SET pathways = excluded.pathways, last_seen = now()
), gone AS (
  DELETE FROM ${table} WHERE last_seen < now() - interval '1 day'
)
SELECT instance_id, tenant, data_core, pathways FROM ${table}
WHERE instance_id <> $1 AND last_seen > now() - ${SEEN_WITHIN}`,
      [instanceId, tenant, dataCore, pathways],
    );
    for (const other of others) this.compare(other, pathways);
  }

  async leave(): Promise<void> {
    const { database, instanceId } = this.options;
    await database.query(`DELETE FROM ${database.tables.sql('deployments')} WHERE instance_id = $1`, [
      instanceId,
    ]);
  }

  private compare(other: Other, own: readonly string[]): void {
    const { database, tenant, dataCore } = this.options;
    const isSamePlace = other.tenant === tenant && other.data_core === dataCore;
    const onlyThere = other.pathways.filter((key) => !own.includes(key));
    const onlyHere = own.filter((key) => !other.pathways.includes(key));
    if (isSamePlace && onlyThere.length === 0 && onlyHere.length === 0) return;
    // One that handles nothing only writes, beside the one that handles.
    if (isSamePlace && (own.length === 0 || other.pathways.length === 0)) return;
    const what = JSON.stringify([isSamePlace, onlyThere, onlyHere]);
    if (this.reported.has(what)) return;
    this.reported.add(what);
    const difference = isSamePlace
      ? `pathways only there: ${list(onlyThere)}; only here: ${list(onlyHere)}`
      : `it works on tenant "${other.tenant}", data core "${other.data_core}"`;
    database.logger.error(
      `Another application uses the same tables (${database.tables.nameOf('state')} …): ${difference}. Their marks and cursors would mix. Give each application its own statePrefix in typeOrmStore. During a rolling deployment that adds pathways this passes by itself.`,
      { otherInstance: other.instance_id },
    );
  }
}

function list(keys: readonly string[]): string {
  return keys.length === 0 ? 'none' : keys.join(', ');
}
