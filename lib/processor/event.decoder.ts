import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PayloadUndecryptableError } from '../errors/payload-undecryptable.error.js';
import { isMarkedEncrypted } from '../event/encryption-marker.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import {
  ENCRYPTED_METADATA,
  ENCRYPTION_KEY_ID_METADATA,
  ENCRYPTION_SCHEME_METADATA,
} from '../event/metadata.constants.js';
import type { PayloadCipher } from '../security/payload-cipher.interface.js';

/**
 * Makes delivered events readable. Only what is both registered as encrypted and marked as such is touched: an
 * unmarked event is from before the encryption, a marked one of another pathway is the application's own business.
 *
 * The delivered event is never changed: it may be delivered again, and a dead letter keeps it as it came.
 */
export class EventDecoder {
  /** By delivered event, so that the order key, the pipeline and the dead letter decrypt it once. Failures are not kept. */
  private readonly decoded = new WeakMap<FlowcoreEvent, FlowcoreEvent>();

  /** @param cipher `undefined`: there is no key. */
  constructor(private readonly cipher: PayloadCipher | undefined) {}

  /**
   * The event itself when it is readable as it is, else a decrypted copy.
   *
   * @throws PayloadUndecryptableError when it never will be; EncryptionKeyUnavailableError when it may be later.
   */
  decode(pathway: PathwayContract, event: FlowcoreEvent): MaybePromise<FlowcoreEvent> {
    if (!pathway.encrypted || !isMarkedEncrypted(event.metadata)) return event;
    const known = this.decoded.get(event);
    if (known) return known;
    if (!this.cipher) throw new PayloadUndecryptableError('no-key', keyIdOf(event));
    const text = this.cipher.open(envelopeOf(event), keyIdOf(event));
    return isPromiseLike(text)
      ? text.then((plain) => this.remember(event, plain))
      : this.remember(event, text);
  }

  /**
   * Decodes what can be decoded, for later. That an event never will be readable is no failure here.
   *
   * @throws EncryptionKeyUnavailableError
   */
  readable(pathway: PathwayContract, event: FlowcoreEvent): MaybePromise<FlowcoreEvent | undefined> {
    try {
      const decoded = this.decode(pathway, event);
      return isPromiseLike(decoded) ? decoded.catch(ignoreUndecryptable) : decoded;
    } catch (error) {
      return ignoreUndecryptable(error);
    }
  }

  /** The readable event if it is to be had at once. */
  decodedNow(pathway: PathwayContract, event: FlowcoreEvent): FlowcoreEvent | undefined {
    try {
      const decoded = this.decode(pathway, event);
      if (!isPromiseLike(decoded)) return decoded;
      // The answer comes too late for this caller; what it says is found out again by whoever waits for it.
      decoded.then(undefined, () => {});
      return undefined;
    } catch {
      return undefined;
    }
  }

  private remember(event: FlowcoreEvent, text: string): FlowcoreEvent {
    const decoded = { ...event, payload: parse(text, event), metadata: withoutMarkers(event) };
    this.decoded.set(event, decoded);
    return decoded;
  }
}

/**
 * Schemas quote the value they refuse, and what they say is logged and kept with the dead letter: of an encrypted payload
 * only the places are told.
 */
export function discreet(pathway: PathwayContract, error: unknown): unknown {
  if (!pathway.encrypted || !(error instanceof EventPayloadInvalidError)) return error;
  const message =
    'does not match the schema (the message is withheld, because it may quote the encrypted value)';
  return new EventPayloadInvalidError(
    error.key,
    error.issues.map(({ path }) => ({ path, message })),
  );
}

function ignoreUndecryptable(error: unknown): undefined {
  if (!(error instanceof PayloadUndecryptableError)) throw error;
  return undefined;
}

function parse(text: string, event: FlowcoreEvent): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: a SyntaxError quotes the plaintext.
    throw new PayloadUndecryptableError('not-json', keyIdOf(event));
  }
}

function envelopeOf(event: FlowcoreEvent): string {
  const { payload } = event;
  const text =
    typeof payload === 'string'
      ? payload
      : (payload as { encryptedPayload?: unknown } | null)?.encryptedPayload;
  if (typeof text !== 'string') throw new PayloadUndecryptableError('no-envelope', keyIdOf(event));
  return text;
}

function keyIdOf({ metadata }: FlowcoreEvent): string | undefined {
  const id = metadata[ENCRYPTION_KEY_ID_METADATA];
  return id === undefined || id === null || id === '' ? undefined : String(id);
}

/** They speak of the stored form. Whoever writes the event on must not claim that its payload is encrypted. */
function withoutMarkers({ metadata }: FlowcoreEvent): FlowcoreEvent['metadata'] {
  const {
    [ENCRYPTED_METADATA]: _encrypted,
    [ENCRYPTION_SCHEME_METADATA]: _scheme,
    [ENCRYPTION_KEY_ID_METADATA]: _keyId,
    ...rest
  } = metadata;
  return rest;
}
