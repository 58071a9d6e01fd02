import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';

/** The HTTP server the service always had: hands what the platform posts to a router. */
export async function startWebhook(
  port: number,
  take: (event: never, secret: string) => Promise<unknown>,
): Promise<{ stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((event) => take(event as never, String(request.headers['x-webhook-secret'])))
      .then(
        () => response.writeHead(200).end(),
        (error: Error) => response.writeHead(500).end(error.message),
      );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    // What is being handled is answered first.
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString());
}
