import type { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';
import { errorBody } from './error-body.util.js';

type Next = (error?: unknown) => void;

/** A request as Express hands it on; `body` is where it looks for what was read. */
interface WebhookRequest extends IncomingMessage {
  originalUrl?: string;
  body?: unknown;
  rawBody?: Buffer;
}

/** The part of Fastify that is needed, which is not installed everywhere. */
interface FastifyLike {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}
interface FastifyRoute {
  method: string | readonly string[];
  url: string;
  bodyLimit?: number;
  errorHandler?: (error: FastifyFailure, request: unknown, reply: FastifyReply) => void;
}
interface FastifyReply {
  status(code: number): { send(body: unknown): void };
}
type FastifyFailure = Error & { statusCode?: number; code?: string };

/**
 * Makes the webhook's own body limit count. The parser of the HTTP adapter runs before anything a module can declare and
 * has a limit of its own (100 kB on Express, 1 MiB on Fastify), so the gate is put in as soon as the adapter is there:
 * before Nest registers that parser.
 */
export class WebhookBodyGate {
  constructor(
    adapters: HttpAdapterHost,
    private readonly path: string,
    private readonly maxBodyBytes: number,
  ) {
    const install = () => {
      const adapter = adapters.httpAdapter;
      const kind = adapter?.getType();
      if (kind === 'express')
        adapter.use((...args: [WebhookRequest, ServerResponse, Next]) => this.read(...args));
      if (kind === 'fastify') this.limitRoute(adapter.getInstance<FastifyLike>());
    };
    // Without an adapter yet the application is a test or has no HTTP; the first gets its adapter later.
    if (adapters.httpAdapter) install();
    else adapters.init$?.subscribe(install);
  }

  private limitRoute(fastify: FastifyLike): void {
    fastify.addHook('onRoute', (route) => {
      if (!route.method.includes('POST') || !this.isWebhook(route.url)) return;
      route.bodyLimit = this.maxBodyBytes;
      // Only what Fastify itself refuses comes here; Nest answers for its handlers.
      route.errorHandler = (error, _request, reply) => {
        const { statusCode = 500 } = error;
        if (statusCode >= 500) throw error;
        const refusal = statusCode === 413 ? this.tooLarge() : notJson(error.message);
        reply.status(refusal.httpStatus).send(errorBody(refusal));
      };
    });
  }

  /** Express: reads the body itself. What is read already, or compressed, is left to the parser of the application. */
  private read(request: WebhookRequest, response: ServerResponse, next: Next): void {
    const isMine = request.method === 'POST' && this.isWebhook(request.originalUrl ?? request.url ?? '');
    const { 'content-encoding': encoding = 'identity', 'content-length': announced } = request.headers;
    if (!isMine || request.readableEnded || encoding !== 'identity') return next();

    const refuse = (error: EventMalformedError | WebhookBodyTooLargeError) => {
      request.off('data', collect).off('end', parse).off('error', next);
      // Read to its end unheard: a sender that is cut off in the middle never sees the answer.
      request.on('error', () => {}).resume();
      response.writeHead(error.httpStatus, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(errorBody(error)));
    };
    const chunks: Buffer[] = [];
    let size = 0;
    const collect = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > this.maxBodyBytes) refuse(this.tooLarge());
    };
    const parse = () => {
      const body = Buffer.concat(chunks);
      try {
        request.body = JSON.parse(body.toString('utf8')) as unknown;
      } catch (error) {
        return refuse(notJson((error as Error).message));
      }
      request.rawBody = body;
      // Nest's parser must not wait for a stream that is over.
      (request as { _body?: boolean })._body = true;
      next();
    };
    if (Number(announced) > this.maxBodyBytes) return refuse(this.tooLarge());
    request.on('data', collect).on('end', parse).on('error', next);
  }

  /** By its end, because a global prefix or a version may stand before it. */
  private isWebhook(url: string): boolean {
    const [pathname = ''] = url.split('?');
    const plain = (text: string) => text.replace(/^\/+|\/+$/g, '').toLowerCase();
    return `/${plain(pathname)}`.endsWith(`/${plain(this.path)}`);
  }

  private tooLarge(): WebhookBodyTooLargeError {
    return new WebhookBodyTooLargeError(this.maxBodyBytes);
  }
}

function notJson(why: string): EventMalformedError {
  return new EventMalformedError([`the body is not JSON (${why})`]);
}
