import type { Pool } from 'pg';
import type { Database } from '../database.js';

/** Who is inside, and who stands in line. */
interface Places {
  inside: number;
  readonly waiting: (() => void)[];
}

/** Of all stores: those of several instances on one DataSource share its pool. */
const placesOfPools = new WeakMap<Pool, Places>();

/**
 * Lets as many transactions in as the pool has connections, but for one: the state, the cursor and the handlers' own
 * statements need one too, and handlers that hold all of them while they wait for another would wait for ever.
 */
export class ConnectionGate {
  constructor(private readonly database: Database) {}

  /** Waits for a place; the returned function gives it back. */
  async enter(): Promise<() => void> {
    const places = this.places;
    if (places.inside < this.most) places.inside++;
    else await this.queue(places);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const next = places.waiting.shift();
      if (next)
        next(); // The place goes to the next one in line.
      else places.inside--;
    };
  }

  private async queue(places: Places): Promise<void> {
    const { waits } = this.database;
    const entered = waits.waiting(
      () => `the pool has ${waits.poolSize}, and ${this.most} of them may run handlers at once`,
    );
    await new Promise<void>((enter) => places.waiting.push(enter));
    entered();
  }

  private get places(): Places {
    const { pool } = this.database;
    const known = placesOfPools.get(pool) ?? { inside: 0, waiting: [] };
    placesOfPools.set(pool, known);
    return known;
  }

  private get most(): number {
    return Math.max(1, this.database.waits.poolSize - 1);
  }
}
