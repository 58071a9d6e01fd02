/** Header that carries the metadata of a write: Base64 of a UTF-8 JSON object (protocol §3.2, §3.3). */
export const METADATA_HEADER = 'x-flowcore-metadata-json';
/** Time of the event; decides its time bucket (protocol §3.2). */
export const EVENT_TIME_HEADER = 'x-flowcore-event-time';
export const VALID_TIME_HEADER = 'x-flowcore-valid-time';
/** Name of the payload key that holds each event's time in a batch (protocol §3.2). */
export const EVENT_TIME_KEY_HEADER = 'x-flowcore-event-time-key';
export const VALID_TIME_KEY_HEADER = 'x-flowcore-valid-time-key';

/** `"true"` (or `true`, which some clients send) on an event whose payload is encrypted (protocol §10.4). */
export const ENCRYPTED_METADATA = 'pathways/encrypted';
/** How it was encrypted. Written, never checked: there is one scheme. */
export const ENCRYPTION_SCHEME_METADATA = 'pathways/encryption-scheme';
/** Which key opens it; absent for the one key without an id. */
export const ENCRYPTION_KEY_ID_METADATA = 'pathways/encryption-key-id';
export const ENCRYPTION_SCHEME = 'aes-256-gcm-sha256-v1';
/** Metadata key of the id that all stored copies of one write have in common. */
export const IDEMPOTENCY_ID_KEY = 'pathways/idempotency-id';
/** Metadata key of the id that all parts of one upload of a file have in common. */
export const UPLOAD_ID_KEY = 'pathways/upload-id';
