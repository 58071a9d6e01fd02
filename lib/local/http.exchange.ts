import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, sleep } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { ApiKeyGuard } from './api-key.guard.js';
import type { FaultRegistry, RequestFaults } from './fault.registry.js';
import type { FaultMoment } from './faults.interface.js';
import { errorBody, HttpRefusal } from './http-refusal.js';
import type { LocalReply, LocalRequest, LocalRoute } from './local-route.interface.js';
import { readJsonBody } from './request-body.reader.js';
import { type RequestTarget, requestTarget } from './request-target.util.js';

export interface HttpExchangeParts {
  /** By first path segment; need no API key. */
  readonly openRoutes: ReadonlyMap<string, LocalRoute>;
  /** By first path segment. */
  readonly rootRoutes: ReadonlyMap<string, LocalRoute>;
  /** By the segment after `/api/v1/`. */
  readonly apiRoutes: ReadonlyMap<string, LocalRoute>;
  readonly guard: ApiKeyGuard;
  readonly faults: FaultRegistry;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  /** Aborts waits when the platform stops. */
  readonly stopping: AbortSignal;
  /** Called once per request with the name its route is counted under. */
  count(route: string): void;
}

/** One HTTP request from its first byte to its answer, faults included. */
export class HttpExchange {
  constructor(private readonly parts: HttpExchangeParts) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const target = requestTarget(request.url ?? '/');
    const route = 'refusal' in target ? undefined : this.routeOf(target);
    this.parts.count(route ? `${method} ${route.name}` : 'unknown');

    const faults = this.parts.faults.forRequest(method, request.url ?? '/');
    if (faults.delayMs > 0) await sleep(this.parts.clock, faults.delayMs, this.parts.stopping);
    if (this.strike(faults, 'before', response)) return;
    const reply = await this.answer(request, method, target, route);
    if (this.strike(faults, 'after', response)) return;
    if (faults.fault?.kind === 'truncated-answer') truncate(response, reply);
    else send(response, reply);
  }

  private async answer(
    request: IncomingMessage,
    method: string,
    target: RequestTarget,
    route: { readonly run: LocalRoute; readonly isOpen: boolean } | undefined,
  ): Promise<LocalReply> {
    try {
      if ('refusal' in target) throw new HttpRefusal(400, target.refusal);
      if (!route?.isOpen) this.parts.guard.checkHeader(request.headers.authorization);
      if (!route) throw new HttpRefusal(404, 'There is no such path.');
      return await route.run(localRequest(request, method, target));
    } catch (error) {
      if (error instanceof HttpRefusal) return { status: error.status, body: error.body };
      this.parts.logger.error('Local Flowcore could not answer a request.', errorFields(error));
      return { status: 500, body: errorBody(500, (error as Error).message) };
    }
  }

  private routeOf({ segments }: Exclude<RequestTarget, { refusal: string }>) {
    const [first = '', version, resource = ''] = segments;
    const open = this.parts.openRoutes.get(first);
    if (open && segments.length <= 1) return { name: `/${first}`, run: open, isOpen: true };
    const root = this.parts.rootRoutes.get(first);
    if (root) return { name: `/${first}`, run: root, isOpen: false };
    const api = first === 'api' && version === 'v1' ? this.parts.apiRoutes.get(resource) : undefined;
    return api && { name: `/api/v1/${resource}`, run: api, isOpen: false };
  }

  /** True when a fault took the place of what would have come next. */
  private strike({ fault }: RequestFaults, now: FaultMoment, response: ServerResponse): boolean {
    if (!fault || fault.kind === 'truncated-answer' || (fault.when ?? 'before') !== now) return false;
    if (fault.kind === 'dropped-connection') response.destroy();
    if (fault.kind === 'status') {
      const { status, body = errorBody(status, 'Injected fault.') } = fault;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      send(response, { status, body: text }, fault.headers);
    }
    return true;
  }
}

function localRequest(
  request: IncomingMessage,
  method: string,
  target: Exclude<RequestTarget, { refusal: string }>,
): LocalRequest {
  return {
    method,
    segments: target.segments,
    query: target.query,
    header(name) {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    json: () => readJsonBody(request),
    incoming: request,
  };
}

function headersOf({ contentType = 'application/json' }: LocalReply, bytes: Buffer) {
  return {
    'content-type': contentType,
    'content-length': bytes.length,
  };
}

function send(
  response: ServerResponse,
  reply: LocalReply,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...headersOf(reply, bytes), ...headers }).end(bytes);
}

function truncate(response: ServerResponse, reply: LocalReply): void {
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, headersOf(reply, bytes));
  response.write(bytes.subarray(0, bytes.length >>> 1), () => response.destroy());
}
