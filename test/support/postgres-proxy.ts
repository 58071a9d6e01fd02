import { startTcpProxy } from './tcp-proxy.js';

/** What happens to a connection whose client commits. */
export type CommitFault =
  /** The server never hears of it. */
  | 'lost'
  /** The server commits, and its answer never arrives. */
  | 'unanswered';

/** A network between an application and Postgres, to be cut at the worst moment. */
export interface PostgresProxy {
  readonly url: string;
  /** Faults for the next commits, in their order; later ones pass. */
  readonly faults: CommitFault[];
  close(): Promise<void>;
}

export async function startPostgresProxy(target: string): Promise<PostgresProxy> {
  const faults: CommitFault[] = [];
  const proxy = await startTcpProxy(target, (bytes) => {
    const fault = bytes.includes('COMMIT') ? faults.shift() : undefined;
    if (fault === undefined) return 'pass';
    return fault === 'lost' ? 'cut' : 'mute';
  });
  return { url: proxy.url.href, faults, close: () => proxy.close() };
}
