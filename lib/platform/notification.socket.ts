/**
 * One connection to the notification service (protocol §6.1), from dialling to its end:
 *
 *   connecting ──open──▶ subscribed ──▶ ended
 *   connecting ──refused, error, CONNECT_TIMEOUT_MS, stop──▶ ended
 *   subscribed ──close of any code, error, no pong, rejected subscription──▶ ended
 *   subscribed ──stop──▶ closing ──close, CLOSE_TIMEOUT_MS──▶ ended
 */
import type { IncomingMessage } from 'node:http';
import { type RawData, WebSocket } from 'ws';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { Clock, ClockTimer } from '../event/clock.interface.js';
import { readNotificationFrame } from './notification-frame.util.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';
import { maskedUrl, type Redact } from './redaction.util.js';

export const CONNECT_TIMEOUT_MS = 10_000;
/** A peer that answers nothing for one such interval is gone, also when TCP has not noticed. */
export const PING_INTERVAL_MS = 15_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** Frames are a few hundred bytes; more is not a notification. */
const MAX_FRAME_BYTES = 1_048_576;

export interface NotificationSocketOptions {
  /** With the credentials in its query. */
  readonly url: string;
  readonly redact: Redact;
  /** What to subscribe to, as the text frame to send. */
  readonly subscription: string;
  readonly clock: Clock;
  onSubscribed(): void;
  onStored(notification: StoredEventNotification): void;
  /** A frame nobody can read was dropped. */
  onUnusable(problem: string): void;
}

/** Runs until the connection has ended; resolves with the reason, and with `undefined` when the signal ended it. */
export function runNotificationSocket(
  options: NotificationSocketOptions,
  signal: AbortSignal,
): Promise<PlatformRequestError | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => new NotificationSocket(options, signal, resolve));
}

class NotificationSocket {
  private readonly socket: WebSocket;
  private timer: ClockTimer;
  private hasAnswered = true;
  private isEnded = false;

  constructor(
    private readonly options: NotificationSocketOptions,
    private readonly signal: AbortSignal,
    private readonly resolve: (reason: PlatformRequestError | undefined) => void,
  ) {
    this.socket = new WebSocket(options.url, { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES });
    this.timer = options.clock.startTimer(CONNECT_TIMEOUT_MS, () =>
      this.end(this.unavailable(`did not accept the connection within ${CONNECT_TIMEOUT_MS} ms`)),
    );
    this.socket.on('open', () => this.subscribe());
    this.socket.on('message', (data) => this.receive(data));
    this.socket.on('pong', () => (this.hasAnswered = true));
    this.socket.on('unexpected-response', (_request, response) => this.end(this.refused(response)));
    this.socket.on('error', (error) => this.end(this.unavailable(`failed: ${error.message}`, error)));
    this.socket.on('close', (code, reason) => this.end(this.closed(code, reason.toString())));
    signal.addEventListener('abort', this.stop, { once: true });
  }

  private subscribe(): void {
    this.timer.cancel();
    this.socket.send(this.options.subscription);
    this.awaitPong();
    this.options.onSubscribed();
  }

  private awaitPong(): void {
    this.timer = this.options.clock.startTimer(PING_INTERVAL_MS, () => {
      if (!this.hasAnswered) return this.end(this.unavailable('does not answer pings any more'));
      this.hasAnswered = false;
      this.socket.ping();
      this.awaitPong();
    });
  }

  private receive(data: RawData): void {
    this.hasAnswered = true;
    if (this.isEnded || this.signal.aborted) return;
    const frame = readNotificationFrame(data.toString());
    if (frame.kind === 'stored') this.options.onStored(frame.notification);
    else if (frame.kind === 'unusable') this.options.onUnusable(frame.problem);
    else this.end(this.rejected(frame.message));
  }

  private readonly stop = (): void => {
    if (this.socket.readyState !== WebSocket.OPEN) return this.end(undefined);
    this.timer.cancel();
    this.timer = this.options.clock.startTimer(CLOSE_TIMEOUT_MS, () => this.end(undefined));
    this.socket.close(1000);
  };

  /** The only exit: releases everything, whatever ended the connection. */
  private end(reason: PlatformRequestError | undefined): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.timer.cancel();
    this.signal.removeEventListener('abort', this.stop);
    this.socket.removeAllListeners();
    // Terminating a socket that still connects emits an error; without a listener it would end the process.
    this.socket.on('error', () => undefined);
    this.socket.terminate();
    this.resolve(this.signal.aborted ? undefined : reason);
  }

  private refused({ statusCode = 0 }: IncomingMessage): PlatformRequestError {
    if (statusCode === 401 || statusCode === 403) {
      return new PlatformUnauthorizedError(
        `${this.address} was refused with ${statusCode}. Check "apiKey", and that it may read this data core.`,
        this.info,
        statusCode,
      );
    }
    return this.unavailable(`was answered with ${statusCode} instead of a WebSocket`, undefined, statusCode);
  }

  private rejected(message: string): PlatformRequestError {
    const text = this.options.redact(message);
    return new PlatformRequestError(
      `${this.address} rejected the subscription: "${text}". Check the tenant, data core and flow type names; it is tried again later.`,
      this.info,
      0,
    );
  }

  private closed(code: number, reason: string): PlatformRequestError {
    const why = reason === '' ? '' : `: "${this.options.redact(reason)}"`;
    return this.unavailable(`was closed by the platform with code ${code}${why}`);
  }

  private unavailable(what: string, cause?: unknown, status = 0): PlatformUnavailableError {
    return new PlatformUnavailableError(
      `${this.address} ${what}. It is connected again by itself; check the notification URL and the network if it stays so.`,
      this.info,
      status,
      undefined,
      { cause },
    );
  }

  private get address(): string {
    return `The notification connection ${this.info.url}`;
  }

  private get info() {
    return { method: 'GET', url: maskedUrl(this.options.url), attempts: 1 };
  }
}
