import { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { BodySource } from './body-source.interface.js';

/** How much of a streamed body is read before the network takes it. */
const STREAM_AHEAD_BYTES = 64 * 1024;

/** What one attempt of a request sends. */
export interface ExchangeRequest {
  readonly method: Dispatcher.HttpMethod;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | BodySource;
}

/** How one attempt ended. A `failure` got no complete answer. */
export type ExchangeEnd =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: Buffer;
    }
  | { readonly kind: 'failure'; readonly error: unknown; readonly isTimeout: boolean }
  /** The source of the body failed, which says nothing about the network. */
  | { readonly kind: 'unreadable'; readonly error: unknown }
  | { readonly kind: 'cancelled' };

/**
 * One attempt on the wire. It always ends: with the answer, a network failure, at the time limit, or when cancelled.
 * While a streamed body is taken, the limit begins anew with every piece: only a transfer that stands still is over.
 *
 * undici is driven by its dispatch interface instead of `request`, because the limit has to span the wait for a
 * connection (an abort signal is not looked at while the socket still connects) and the last byte of the body (a server
 * that stalls half-way), and because no stream is needed for a body that is read whole.
 */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly end: Promise<ExchangeEnd>;

  private readonly chunks: Buffer[] = [];
  private readonly settle: (end: ExchangeEnd) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: Record<string, string | string[] | undefined> = {};
  private isSettled = false;
  private limit: ClockTimer;
  private stream: Readable | undefined;

  constructor(
    agent: Agent,
    request: ExchangeRequest,
    private readonly timeoutMs: number,
    private readonly clock: Clock,
  ) {
    let resolveEnd!: (end: ExchangeEnd) => void;
    this.end = new Promise((resolve) => (resolveEnd = resolve));
    this.limit = this.startLimit();
    this.settle = (end) => {
      if (this.isSettled) return;
      this.isSettled = true;
      this.limit.cancel();
      // An answer may come before the body was taken whole; its source must not stay open.
      this.stream?.destroy();
      resolveEnd(end);
    };
    try {
      const { body } = request;
      if (typeof body === 'object') {
        this.stream = Readable.from(this.watched(body), {
          objectMode: false,
          highWaterMark: STREAM_AHEAD_BYTES,
        });
        this.stream.on('error', () => {}); // undici may be done with it already.
        agent.dispatch({ ...request, body: this.stream }, this);
      } else agent.dispatch({ ...request, body }, this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops waiting; a request not yet sent is never sent. */
  cancel(): void {
    this.giveUp({ kind: 'cancelled' });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Given up while it queued for a connection: sending it now would store an event nobody waits for any more.
    if (this.isSettled) controller.abort(new Error('given up before it was sent'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...rest] = this.chunks;
    const body = first && rest.length === 0 ? first : Buffer.concat(this.chunks);
    this.settle({ kind: 'answer', status: this.status, headers: this.headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  private startLimit(): ClockTimer {
    return this.clock.startTimer(this.timeoutMs, () =>
      this.giveUp({ kind: 'failure', error: undefined, isTimeout: true }),
    );
  }

  private async *watched(body: BodySource): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body.open()) {
        if (this.isSettled) return;
        this.limit.cancel();
        this.limit = this.startLimit();
        yield chunk;
      }
    } catch (error) {
      this.giveUp({ kind: 'unreadable', error });
    }
  }

  private fail(error: unknown): void {
    this.settle({ kind: 'failure', error, isTimeout: false });
  }

  private giveUp(end: ExchangeEnd): void {
    this.settle(end);
    this.controller?.abort(new Error('given up'));
  }
}
