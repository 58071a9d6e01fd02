import type { FlowcoreEvent } from './flowcore-event.interface.js';

/** Keys of the facts about who wrote an event (protocol §10.1, §10.2). */
export const AUDIT_KEYS = {
  mode: 'audit/mode',
  entityType: 'audit/entity-type',
  entityId: 'audit/entity-id',
  onBehalfOfType: 'audit/on-behalf-of-type',
  onBehalfOfId: 'audit/on-behalf-of-id',
  sessionId: 'audit/session-id',
} as const;

/** Whose deed a write is. */
export interface AuditUser {
  /** A person, or an API key. */
  readonly entityType: 'user' | 'key';
  readonly entityId: string;
}

/** `user`: the user wrote the event. `system`: the application did, on behalf of the user. */
export type AuditMode = 'user' | 'system';

/** Who wrote an event. */
export interface EventAudit {
  /** Absent when no user was known at the write. */
  readonly mode?: AuditMode;
  /** The user; `system` when the application wrote on the user's behalf. */
  readonly entityType?: AuditUser['entityType'] | 'system';
  readonly entityId?: string;
  /** In `system` mode: on whose behalf. */
  readonly onBehalfOf?: AuditUser;
  readonly sessionId?: string;
}

/** Reads from an event's metadata who wrote it. What other clients left out, or wrote in another form, is absent. */
export function auditOf({ metadata }: Pick<FlowcoreEvent, 'metadata'>): EventAudit {
  const text = (key: string): string | undefined => {
    // Own keys only: metadata comes from elsewhere.
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const mode = text(AUDIT_KEYS.mode);
  const entityType = text(AUDIT_KEYS.entityType);
  const entityId = text(AUDIT_KEYS.entityId);
  const behalfType = text(AUDIT_KEYS.onBehalfOfType);
  const behalfId = text(AUDIT_KEYS.onBehalfOfId);
  const sessionId = text(AUDIT_KEYS.sessionId);
  return {
    ...(mode === 'user' || mode === 'system' ? { mode } : {}),
    ...(entityType === 'system' || isUserType(entityType) ? { entityType } : {}),
    ...(entityId === undefined ? {} : { entityId }),
    ...(isUserType(behalfType) && behalfId !== undefined
      ? { onBehalfOf: { entityType: behalfType, entityId: behalfId } }
      : {}),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}

export function isUserType(value: unknown): value is AuditUser['entityType'] {
  return value === 'user' || value === 'key';
}
