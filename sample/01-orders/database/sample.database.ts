import { startLocalPostgres } from 'nestjs-pathways/local';
import { postgresFolder } from './data-folder.js';

/** The Postgres of the sample: the one in DATABASE_URL, else a local one that nobody has to install. */
export class SampleDatabase {
  private constructor(
    readonly url: string,
    /** For people: where it is, without user and password. */
    readonly place: string,
    private readonly stopServer: () => Promise<void>,
  ) {}

  static async open(): Promise<SampleDatabase> {
    const given = process.env['DATABASE_URL'];
    if (given) return new SampleDatabase(given, placeOf(given), () => Promise.resolve());
    const server = await startLocalPostgres({ data: postgresFolder });
    return new SampleDatabase(server.url, `Local Postgres in ${postgresFolder}`, () => server.stop());
  }

  /**
   * Call it after the application has closed. No lifecycle hook does it: Nest runs those of several modules in an order
   * of its own, and handlers that still finish, and the pool that TypeORM closes last, need the server until then.
   */
  async stop(): Promise<void> {
    await this.stopServer();
  }
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) {
    throw new Error('DATABASE_URL is not a URL. Write it as postgres://user:password@host:5432/database');
  }
  const { host, pathname } = new URL(url);
  return `Postgres at ${host}${pathname}`;
}
