import type { IncomingMessage } from 'node:http';
import type { MaybePromise } from '../event/maybe-promise.type.js';

/** A request, read and taken apart. */
export interface LocalRequest {
  readonly method: string;
  /** Percent-decoded path segments. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** The JSON body. @throws HttpRefusal 400 when it is no JSON, 413 when it is too large. */
  json(): Promise<unknown>;
  /** For routes that read another body than JSON. */
  readonly incoming: IncomingMessage;
}

/** An answer; `body` is JSON text unless `contentType` says otherwise. */
export interface LocalReply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export type LocalRoute = (request: LocalRequest) => MaybePromise<LocalReply>;

/** Answers 200 with a value as JSON. */
export function jsonReply(value: unknown, status = 200): LocalReply {
  return { status, body: JSON.stringify(value) };
}
