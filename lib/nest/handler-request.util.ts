import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';
import type { HandlerSubject } from './handler-call.type.js';
import type { PathwaysRequest } from './host.resolver.js';

/** The request that scoped providers see while a handler runs. */
export function requestOf(subject: HandlerSubject, context: EventContext): PathwaysRequest {
  const events = isBatch(subject) ? subject : [subject];
  return { event: events[0] as PathwayEvent, events, context };
}

/** Whether a handler is called for several events at once. */
export function isBatch(subject: HandlerSubject): subject is readonly PathwayEvent[] {
  return Array.isArray(subject);
}
