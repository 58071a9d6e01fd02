import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import {
  EVENT_TIME_HEADER,
  EVENT_TIME_KEY_HEADER,
  METADATA_HEADER,
  VALID_TIME_HEADER,
  VALID_TIME_KEY_HEADER,
} from '../event/metadata.constants.js';

/** What a write says about its events beside the payload (protocol §3.2). Applies to every event of a batch. */
export interface IngestionHeaders {
  /** Strings travel unchanged, other values as JSON text. `{}` is sent too; `undefined` sends no header. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Decides the time bucket. A string is sent unchanged. */
  readonly eventTime?: Date | string;
  readonly validTime?: Date | string;
  /** Name of the payload key with each event's time. */
  readonly eventTimeKey?: string;
  readonly validTimeKey?: string;
  /** Further headers; they cannot replace those above, nor the authorization, which is added when they are sent. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** @throws PathwaysConfigurationError for an invalid date. */
export function ingestionHeaders(given: IngestionHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  if (given.extra) {
    // Lower case, or `Authorization` beside `authorization` would be sent twice.
    for (const [name, value] of Object.entries(given.extra)) headers[name.toLowerCase()] = value;
  }
  headers['content-type'] = 'application/json';
  if (given.metadata !== undefined) headers[METADATA_HEADER] = encodeMetadata(given.metadata);
  if (given.eventTime !== undefined) headers[EVENT_TIME_HEADER] = timeText(given.eventTime, 'eventTime');
  if (given.validTime !== undefined) headers[VALID_TIME_HEADER] = timeText(given.validTime, 'validTime');
  if (given.eventTimeKey !== undefined) headers[EVENT_TIME_KEY_HEADER] = given.eventTimeKey;
  if (given.validTimeKey !== undefined) headers[VALID_TIME_KEY_HEADER] = given.validTimeKey;
  return headers;
}

/**
 * Base64 of the UTF-8 bytes of the JSON, never Latin-1: that garbles umlauts and throws at emoji (protocol §14.3 N11).
 * Values become strings, because readers of other clients refuse anything else (protocol §3.3).
 */
function encodeMetadata(metadata: Readonly<Record<string, unknown>>): string {
  const texts = JSON.stringify(metadataTexts(metadata));
  return texts === '{}' ? EMPTY_METADATA : Buffer.from(texts, 'utf8').toString('base64');
}

/** Metadata as it travels; what JSON has no text for is left out. */
export function metadataTexts(metadata: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: [key: string, text: string][] = [];
  for (const [key, value] of Object.entries(metadata)) {
    const text = metadataText(value);
    if (text !== undefined) texts.push([key, text]);
  }
  return Object.fromEntries(texts);
}

const EMPTY_METADATA = Buffer.from('{}').toString('base64');

function metadataText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? String(value) : (JSON.stringify(value) as string | undefined);
}

function timeText(time: Date | string, path: string): string {
  if (typeof time === 'string') return time;
  if (Number.isNaN(time.getTime())) {
    throw new PathwaysConfigurationError([{ path, message: 'is an invalid Date' }], 'Write options');
  }
  return time.toISOString();
}
