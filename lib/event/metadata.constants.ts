/** Header that carries the metadata of a write: Base64 of a UTF-8 JSON object (protocol §3.2, §3.3). */
export const METADATA_HEADER = 'x-flowcore-metadata-json';
/** Time of the event; decides its time bucket (protocol §3.2). */
export const EVENT_TIME_HEADER = 'x-flowcore-event-time';
export const VALID_TIME_HEADER = 'x-flowcore-valid-time';
/** Name of the payload key that holds each event's time in a batch (protocol §3.2). */
export const EVENT_TIME_KEY_HEADER = 'x-flowcore-event-time-key';
export const VALID_TIME_KEY_HEADER = 'x-flowcore-valid-time-key';
