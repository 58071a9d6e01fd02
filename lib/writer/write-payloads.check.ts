import { ownFieldsOf } from '../contract/file-payload.js';
import { assertJsonPayload } from '../contract/json-payload.util.js';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { isRecord } from '../event/event-shape.util.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';

/**
 * What is sent for the payloads of a write, once all of them are checked: a batch is refused as a whole or sent as a whole.
 *
 * @param parsed whether what the schema makes of them is sent, or they themselves.
 * @throws PayloadNotJsonError, EventPayloadInvalidError
 */
export function payloadsToSend(
  pathway: PathwayContract,
  payloads: readonly unknown[],
  parsed: boolean,
): MaybePromise<readonly unknown[]> {
  if (parsed) return parsedPayloads(pathway, payloads);
  const checking = assertPayloads(pathway, payloads);
  return checking ? checking.then(() => payloads) : payloads;
}

function assertPayloads(
  pathway: PathwayContract,
  payloads: readonly unknown[],
  first = 0,
): MaybePromise<void> {
  const isBatch = payloads.length > 1;
  for (let at = first; at < payloads.length; at++) {
    const payload = payloads[at];
    assertJson(pathway, payload, isBatch ? at : undefined);
    const checked = pathway.parse(payload);
    if (isPromiseLike(checked)) {
      return Promise.resolve(checked).then(() => assertPayloads(pathway, payloads, at + 1));
    }
  }
}

/** What the schema makes of every payload. It is what must be JSON: what was given need not be. */
function parsedPayloads(
  pathway: PathwayContract,
  payloads: readonly unknown[],
  parsed: unknown[] = [],
): MaybePromise<readonly unknown[]> {
  while (parsed.length < payloads.length) {
    const made = pathway.parse(payloads[parsed.length]);
    if (isPromiseLike(made)) {
      return Promise.resolve(made).then((value) => {
        parsed.push(value);
        return parsedPayloads(pathway, payloads, parsed);
      });
    }
    parsed.push(made);
  }
  for (const [at, payload] of parsed.entries())
    assertJson(pathway, payload, parsed.length > 1 ? at : undefined);
  return parsed;
}

function assertJson(pathway: PathwayContract, payload: unknown, at: number | undefined): void {
  // The bytes of a file travel beside the JSON.
  const sent = pathway.isFilePathway && isRecord(payload) ? ownFieldsOf(payload) : payload;
  assertJsonPayload(pathway.key, sent, at);
}
