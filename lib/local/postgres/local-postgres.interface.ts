/** A running Local Postgres. */
export interface LocalPostgres {
  /** `postgres://postgres@127.0.0.1:<port>/postgres`: a superuser, no password, loopback only. */
  readonly url: string;
  readonly port: number;
  /** Process id of the server. Tests kill it to see what a crashed database does. */
  readonly pid: number;
  /** Version of the server, for example `18.4`. */
  readonly version: string;
  /** Folder of the data; it is gone after the stop when the options named none. */
  readonly data: string;
  /** Resolves when the server has ended, wanted or not. Never rejects. */
  readonly exited: Promise<void>;
  /** The URL of another database of this server. Does not create it. */
  urlOf(database: string): string;
  /**
   * Ends open sessions, stops the server and waits until it is gone; committed data stays when the options named a
   * folder. Does nothing the second time, nor after the server ended by itself.
   */
  stop(): Promise<void>;
}
