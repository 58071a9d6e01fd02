// In a file of its own, which is imported with the first request: undici is a hundred files, and an application that is
// only started or tested need not wait for them. The import of our own file, not of the package, stays `require` in the
// CommonJS build, which Jest and bundlers follow.
import { Agent } from 'undici';

/** Sockets per host. Without a limit a burst of writes would open one for each. */
const CONNECTIONS_PER_HOST = 128;

/** Connections that stay open between requests. undici's own limits are off: they only see silence between two chunks. */
export function createHttpAgent(connectTimeoutMs: number): Agent {
  return new Agent({
    connections: CONNECTIONS_PER_HOST,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  });
}
