import { AUDIT_KEYS } from '../event/audit.js';

// The names that the reference exports, for handlers that read metadata themselves; `auditOf` reads all of them at once.

/** Metadata key: `user` or `system`. */
export const AUDIT_MODE = AUDIT_KEYS.mode;
/** Metadata key: `user`, `key` or `system`. */
export const AUDIT_ENTITY_TYPE = AUDIT_KEYS.entityType;
/** Metadata key: id of the user or key; `system` in system mode. */
export const AUDIT_ENTITY_ID = AUDIT_KEYS.entityId;
/** Metadata key of system mode: `user` or `key`. */
export const AUDIT_ON_BEHALF_OF_TYPE = AUDIT_KEYS.onBehalfOfType;
/** Metadata key of system mode: id of the user or key. */
export const AUDIT_ON_BEHALF_OF_ID = AUDIT_KEYS.onBehalfOfId;
/** Metadata key: id of the session. */
export const AUDIT_SESSION_ID = AUDIT_KEYS.sessionId;

/** Value of `AUDIT_MODE`: the user wrote the event. */
export const AUDIT_USER_MODE = 'user';
/** Value of `AUDIT_MODE`: the application wrote the event, on behalf of the user. */
export const AUDIT_SYSTEM_MODE = 'system';

/** Value of `AUDIT_ENTITY_TYPE`: a person. */
export const AUDIT_USER_ENTITY_TYPE = 'user';
/** Value of `AUDIT_ENTITY_TYPE`: an API key. */
export const AUDIT_KEY_ENTITY_TYPE = 'key';
