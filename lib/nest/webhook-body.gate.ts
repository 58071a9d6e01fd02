import type { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { PathwaysError } from '../errors/pathways.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';
import { errorBody } from './error-body.util.js';
import { WEBHOOK_ROUTE } from './module.internal-constants.js';
import { notJson, readWebhookBody } from './webhook-body.reader.js';

/** Where a request to Fastify carries its body, and what it said of it, past the parsers. */
const PASS_ON = Symbol('nestjs-pathways:pass-on');

type Next = (error?: unknown) => void;
type HttpAdapter = HttpAdapterHost['httpAdapter'];

/** A request as Express hands it on; `body` is where it looks for what was read. */
interface ExpressRequest extends IncomingMessage {
  body?: unknown;
  rawBody?: Buffer;
}
interface ExpressLike {
  enabled(setting: string): boolean;
}

/** The part of Fastify that is needed, which is not installed everywhere. */
interface FastifyLike {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}
interface FastifyRoute {
  bodyLimit?: number;
  errorHandler?: (error: FastifyFailure, request: FastifyRequest, reply: FastifyReply) => void;
  preParsing?: PreParsingHook | PreParsingHook[];
  preValidation?: PreValidationHook | PreValidationHook[];
}
type Done = (error: Error | null, payload?: Readable) => void;
type PreParsingHook = (request: FastifyRequest, reply: FastifyReply, payload: Readable, done: Done) => void;
type PreValidationHook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;
interface FastifyRequest {
  readonly raw: IncomingMessage;
  [PASS_ON]?: () => void;
  body?: unknown;
  rawBody?: Buffer;
}
interface FastifyReply {
  status(code: number): FastifyReply;
  header(name: string, value: string): FastifyReply;
  send(body: unknown): void;
}
type FastifyFailure = Error & { statusCode?: number };

/**
 * Makes the webhook's own body limit count, and one way of reading bodies on every adapter. The parser of the HTTP adapter
 * runs before anything a module can declare and has a limit of its own (100 kB on Express, 1 MiB on Fastify), so the gate
 * is put in as soon as the adapter is there: before Nest registers that parser. Its route it learns when Nest registers
 * it: global prefix, version and module path are then in it, and no route of the application is taken for it.
 */
export class WebhookBodyGate {
  constructor(
    adapters: HttpAdapterHost,
    /** What the method of the webhook's controller is marked with. */
    private readonly mark: string,
    private readonly maxBodyBytes: number,
  ) {
    const install = () => {
      const adapter = adapters.httpAdapter;
      const kind = adapter?.getType();
      if (kind === 'express') this.standBeforeExpress(adapter);
      if (kind === 'fastify') this.standBeforeFastify(adapter);
    };
    // Without an adapter yet the application is a test or has no HTTP; the first gets its adapter later.
    if (adapters.httpAdapter) install();
    else adapters.init$?.subscribe(install);
  }

  /** Calls `around` when Nest registers a route of the webhook; `register` does what the adapter would have done. */
  private onRoute(adapter: HttpAdapter, around: (path: string, register: () => unknown) => unknown): void {
    const post = adapter.post.bind(adapter) as (...args: unknown[]) => unknown;
    adapter.post = (...args: unknown[]) => {
      const handler = args.at(-1);
      const isMine =
        typeof handler === 'function' && Reflect.getMetadata(WEBHOOK_ROUTE, handler) === this.mark;
      return isMine ? around(String(args[0]), () => post(...args)) : post(...args);
    };
  }

  private standBeforeExpress(adapter: HttpAdapter): void {
    const routes: RegExp[] = [];
    this.onRoute(adapter, (path, register) => {
      routes.push(patternOf(path, adapter.getInstance<ExpressLike>()));
      return register();
    });
    adapter.use((request: ExpressRequest, response: ServerResponse, next: Next) => {
      const [pathname = ''] = (request.url ?? '').split('?');
      const isMine = request.method === 'POST' && routes.some((route) => route.test(pathname));
      // What is read already, or compressed, is left to the parser of the application.
      if (!isMine || request.readableEnded || isEncoded(request.headers)) return next();
      this.readBefore(request, response, next);
    });
  }

  private readBefore(request: ExpressRequest, response: ServerResponse, next: Next): void {
    readWebhookBody(request, request.headers, this.maxBodyBytes, (error, body) => {
      if (!body) {
        if (!(error instanceof PathwaysError)) return next(error);
        response.writeHead(error.httpStatus, { 'content-type': 'application/json; charset=utf-8' });
        response.end(JSON.stringify(errorBody(error)));
        return;
      }
      request.body = body.value;
      request.rawBody = body.raw;
      // Nest's parser must not wait for a stream that is over.
      (request as { _body?: boolean })._body = true;
      next();
    });
  }

  private standBeforeFastify(adapter: HttpAdapter): void {
    let isRegistering = false;
    this.onRoute(adapter, (_path, register) => {
      isRegistering = true;
      try {
        return register();
      } finally {
        isRegistering = false;
      }
    });
    adapter.getInstance<FastifyLike>().addHook('onRoute', (route) => {
      if (isRegistering) this.readFor(route);
    });
  }

  /**
   * Fastify has its parsers for the whole application, and they refuse keys that are data for us. So the body is read
   * before them, and for as long as Fastify looks for one the request says that it has none: then nothing is parsed.
   */
  private readFor(route: FastifyRoute): void {
    const read: PreParsingHook = (request, _reply, payload, done) => {
      const { headers } = request.raw;
      if (isEncoded(headers) || !isJson(headers)) return done(null, payload);
      readWebhookBody(payload, headers, this.maxBodyBytes, (error, body) => {
        if (!body) return done(error ?? null);
        const said = BODY_HEADERS.map((name) => headers[name]);
        for (const name of BODY_HEADERS) headers[name] = undefined;
        request[PASS_ON] = () => {
          for (const [index, name] of BODY_HEADERS.entries()) headers[name] = said[index];
          request.body = body.value;
          request.rawBody = body.raw;
        };
        done(null, payload);
      });
    };
    const handOver: PreValidationHook = (request, _reply, done) => {
      request[PASS_ON]?.();
      done();
    };
    route.bodyLimit = this.maxBodyBytes;
    route.preParsing = [...listOf(route.preParsing), read];
    route.preValidation = [handOver, ...listOf(route.preValidation)];
    // Only what is refused before the controller comes here; Nest answers for its handlers.
    route.errorHandler = (error, _request, reply) => {
      const refusal = error instanceof PathwaysError ? error : this.refusalOf(error);
      // Otherwise a connection on which the rest still arrives is idle too late for a shutdown, and holds it up.
      if (refusal instanceof WebhookBodyTooLargeError) reply.header('connection', 'close');
      reply.status(refusal.httpStatus).send(errorBody(refusal));
    };
  }

  private refusalOf(error: FastifyFailure): PathwaysError {
    const { statusCode = 500, message } = error;
    if (statusCode >= 500) throw error;
    return statusCode === 413 ? new WebhookBodyTooLargeError(this.maxBodyBytes) : notJson(message);
  }
}

/** What says that a request has a body, and of what kind. */
const BODY_HEADERS = ['content-type', 'content-length', 'transfer-encoding'] as const;

function isEncoded({ 'content-encoding': encoding = 'identity' }: IncomingHttpHeaders): boolean {
  return encoding !== 'identity';
}

function isJson({ 'content-type': type = '' }: IncomingHttpHeaders): boolean {
  return /^application\/json\b/i.test(type);
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks];
}

/** The requests that Express sends to a route: a prefix may have parameters, and its settings decide on case and slash. */
function patternOf(path: string, express: ExpressLike): RegExp {
  const literal = path.replace(/\/+$/, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const end = express.enabled('strict routing') ? '' : '/?';
  const flags = express.enabled('case sensitive routing') ? '' : 'i';
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+')}${end}$`, flags);
}
