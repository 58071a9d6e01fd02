import type { StoredEvent } from './event.ingestor.js';

/** What a socket wants to hear of: a tenant by name, the rest by id. */
export interface Subscription {
  readonly tenant: string;
  readonly dataCoreId: string;
  readonly flowTypeId?: string;
  readonly eventTypeId?: string;
}

/** The frame of a stored event (protocol §6.1): JSON inside JSON, and it carries no payload. */
export function notificationFrame({
  eventId,
  eventType,
  flowType,
  resource,
  validTime,
}: StoredEvent): string {
  const data = {
    tenantId: resource.tenant.id,
    eventId,
    dataCore: resource.dataCore.id,
    aggregator: flowType,
    eventType,
    validTime,
  };
  return JSON.stringify({ message: JSON.stringify({ pattern: 'stored.event.notify.0', data }) });
}

export function subscriptionFits(wanted: Subscription, { resource }: StoredEvent): boolean {
  return (
    wanted.dataCoreId === resource.dataCore.id &&
    (wanted.flowTypeId ?? resource.flowType.id) === resource.flowType.id &&
    (wanted.eventTypeId ?? resource.eventType.id) === resource.eventType.id &&
    (wanted.tenant === resource.tenant.name || wanted.tenant === resource.tenant.id)
  );
}

/** Reads a subscription frame, or says what is wrong with it in a validation frame. */
export function parseSubscription(text: string): { subscription: Subscription } | { rejection: string } {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { rejection: validationFrame(['the frame is not JSON'], text.slice(0, 200)) };
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return { rejection: validationFrame(['the frame is not a JSON object'], found) };
  }
  const fields = found as Record<string, unknown>;
  const errors = ['tenant', 'dataCoreId', 'flowTypeId', 'eventTypeId'].flatMap((name) => {
    const value = fields[name];
    const isOptional = name === 'flowTypeId' || name === 'eventTypeId';
    if (isOptional && value === undefined) return [];
    return typeof value === 'string' && value !== '' ? [] : [`"${name}" must be a text`];
  });
  if (errors.length > 0) return { rejection: validationFrame(errors, found) };
  return { subscription: fields as unknown as Subscription };
}

function validationFrame(problems: readonly string[], found: unknown): string {
  return JSON.stringify({
    type: 'validation',
    summary: 'The subscription was not accepted.',
    message: `Send {"tenant", "dataCoreId", "flowTypeId"?, "eventTypeId"?}: ${problems.join('; ')}.`,
    found,
    errors: problems.map((message) => ({ message })),
  });
}
