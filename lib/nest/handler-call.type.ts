import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';
import type { PathwaysRequest } from './host.resolver.js';

/** What a handler is called for: one event, or the events of a batch. */
export type HandlerSubject = PathwayEvent | readonly PathwayEvent[];

/** Calls a handler. */
export type HandlerCall = (subject: HandlerSubject, context: EventContext) => unknown;

/** Calls an observer or error handler; the request is for scoped providers. */
export type PlainCall = (request: PathwaysRequest, ...args: readonly unknown[]) => unknown;
