import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What happens to bytes that a client sends. */
export type ProxyVerdict =
  | 'pass'
  /** They never arrive, and the connection ends. */
  | 'cut'
  /** They arrive, and the connection ends instead of the answer. */
  | 'mute';

/** A network between an application and a server. */
export interface TcpProxy {
  /** The target's URL with the proxy's address in it. */
  readonly url: URL;
  close(): Promise<void>;
}

/** @param judge is asked about everything a client sends. */
export async function startTcpProxy(
  target: string,
  judge: (bytes: Buffer) => ProxyVerdict,
): Promise<TcpProxy> {
  const url = new URL(target);
  const { hostname, port } = url;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    let isMuted = false;
    client.on('data', (bytes) => {
      const verdict = judge(bytes);
      if (verdict === 'cut') return void client.destroy();
      isMuted ||= verdict === 'mute';
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isMuted) client.destroy();
      else client.write(bytes);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
