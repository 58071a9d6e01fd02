import { startLocalPostgres } from 'nestjs-pathways/local';
import type { DatabaseAddress } from './surroundings.js';

/** The Postgres in DATABASE_URL, else one that is gone at the end. */
export class SampleDatabase {
  private constructor(
    readonly url: string,
    readonly stop: () => Promise<void>,
  ) {}

  static async open(): Promise<SampleDatabase> {
    const given = process.env['DATABASE_URL'];
    if (given) return new SampleDatabase(given, () => Promise.resolve());
    const server = await startLocalPostgres({
      // The reference's driver prints every notice, and its tables are made more than once.
      settings: { client_min_messages: 'warning' },
    });
    return new SampleDatabase(server.url, () => server.stop());
  }

  get address(): DatabaseAddress {
    const { hostname: host, port, username, password, pathname } = new URL(this.url);
    return {
      host,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: decodeURIComponent(pathname.slice(1)),
    };
  }
}
