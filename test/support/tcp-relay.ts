import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network between a client and a server that can fall silent: what is sent neither arrives nor fails. */
export interface TcpRelay {
  readonly port: number;
  /** Connections of clients that are open. */
  readonly open: number;
  /** Connections of clients so far. */
  readonly accepted: number;
  /** Nothing gets through any more on the connections that are open. */
  freeze(): void;
  /** Ends the connections that are open. */
  cut(): void;
  close(): Promise<void>;
}

/** @param targetPort `undefined`: connections are accepted, and nobody ever says a word. */
export async function startTcpRelay(targetPort?: number): Promise<TcpRelay> {
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  let accepted = 0;
  const server = createServer((client) => {
    accepted++;
    clients.add(client.on('error', () => {}).on('close', () => clients.delete(client)));
    if (targetPort === undefined) return void client.resume();
    const upstream = connect(targetPort, '127.0.0.1');
    upstreams.add(upstream.on('error', () => {}).on('close', () => upstreams.delete(upstream)));
    client.pipe(upstream).on('close', () => client.destroy());
    upstream.pipe(client).on('close', () => upstream.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return clients.size;
    },
    get accepted() {
      return accepted;
    },
    freeze() {
      // Read on, or the end of a connection would not be seen either.
      for (const socket of [...clients, ...upstreams]) socket.unpipe().resume();
    },
    cut() {
      for (const client of clients) client.destroy();
    },
    async close() {
      for (const socket of [...clients, ...upstreams]) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
