import { types } from 'node:util';
import { WriteOptionsInvalidError } from '../errors/write-options-invalid.error.js';
import { kindOf } from '../event/event-shape.util.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { WriteOptions } from './write.options.js';

/** The request needs them as they are; another value would send the event elsewhere, or break the connection. */
const PROTOCOL_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'transfer-encoding',
  'upgrade',
]);

/** Characters that a header name may have (RFC 9110). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** A value with ends that no transport cuts off. */
const TIME_KEY = /^[\u0021-\u007e\u00a1-\u00ff]([\u0020-\u007e\u0080-\u00ff]*[\u0021-\u007e\u00a1-\u00ff])?$/;

/**
 * Options come from JavaScript too, where no compiler looks at them.
 *
 * @param isOutbox whether the write goes through the outbox, whoever asked for that.
 * @throws WriteOptionsInvalidError listing every problem.
 */
export function checkWriteOptions(key: PathwayKey, options: WriteOptions, isOutbox: boolean): void {
  const { auditMode, sessionId, timeoutMs, headers, outbox, transaction } = options;
  const { eventTime, validTime, eventTimeKey, validTimeKey } = options;
  // The common case costs ten comparisons and allocates nothing.
  const isPlain = auditMode === undefined && sessionId === undefined && timeoutMs === undefined;
  const isTimeless = eventTime === undefined && validTime === undefined;
  const hasNoTimeKey = eventTimeKey === undefined && validTimeKey === undefined;
  const isDirect = headers === undefined && outbox === undefined && transaction === undefined;
  if (isPlain && isTimeless && hasNoTimeKey && isDirect) return;
  const problems = timeProblems(options);
  // The text "false", from a form or the environment, would mean yes.
  if (outbox !== undefined && typeof outbox !== 'boolean')
    problems.push(`outbox must be true or false, not ${JSON.stringify(outbox)}`);
  // Sent at once, the event would stay although the transaction rolls back.
  if (transaction !== undefined && !isOutbox)
    problems.push('transaction is for writes through the outbox: add outbox: true, or leave it out');
  if (auditMode !== undefined && auditMode !== 'user' && auditMode !== 'system')
    problems.push(`auditMode must be 'user' or 'system', not ${JSON.stringify(auditMode)}`);
  if (sessionId !== undefined && (typeof sessionId !== 'string' || sessionId === ''))
    problems.push('sessionId must be a non-empty string');
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0))
    problems.push(
      `timeoutMs must be a number of milliseconds above 0, not ${String(timeoutMs)} (fireAndForget: true does not wait at all)`,
    );
  for (const [name, value] of Object.entries(headers ?? {})) problems.push(...headerProblems(name, value));
  if (problems.length > 0) throw new WriteOptionsInvalidError(key, problems);
}

/** A write through the outbox would only fail once it is sent: for ever, and in front of its whole order key. */
function timeProblems(options: WriteOptions): string[] {
  const problems: string[] = [];
  for (const name of ['eventTime', 'validTime'] as const) {
    const time: unknown = options[name];
    if (time === undefined || (types.isDate(time) && !Number.isNaN(time.getTime()))) continue;
    problems.push(
      `${name} must be a valid Date, not ${types.isDate(time) ? 'an invalid one' : kindOf(time)}`,
    );
  }
  for (const name of ['eventTimeKey', 'validTimeKey'] as const) {
    const key: unknown = options[name];
    if (key === undefined || (typeof key === 'string' && TIME_KEY.test(key))) continue;
    problems.push(
      `${name} must name a key of the payload, in one line without characters beyond Latin-1 or spaces around it: it travels in a header`,
    );
  }
  return problems;
}

function headerProblems(name: string, value: unknown): string[] {
  const lower = name.toLowerCase();
  if (PROTOCOL_HEADERS.has(lower) || lower.startsWith('x-flowcore-'))
    return [
      `headers.${name} belongs to the protocol (times, metadata and credentials have options of their own)`,
    ];
  if (!HEADER_NAME.test(name)) return [`headers.${name} is no name for a header`];
  // The value is not shown: it may be a credential.
  return typeof value === 'string' && HEADER_VALUE.test(value)
    ? []
    : [`headers.${name} must be text of one line, without characters beyond Latin-1`];
}

/**
 * A file is streamed to the platform: nobody keeps it to send it again.
 *
 * @throws WriteOptionsInvalidError
 */
export function refuseDurableFile(
  key: PathwayKey,
  { outbox, idempotencyKey, transaction }: WriteOptions,
): void {
  const asked = [
    outbox === true && 'outbox',
    idempotencyKey !== undefined && 'idempotencyKey',
    // The upload would stay when it rolls back.
    transaction !== undefined && 'transaction',
  ];
  const problems = asked
    .filter((name) => name !== false)
    .map(
      (name) =>
        `${name} is not for files, which are streamed and kept by nobody: leave it out, and write an event about the file with it`,
    );
  if (problems.length > 0) throw new WriteOptionsInvalidError(key, problems);
}
