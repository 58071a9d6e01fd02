import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';
import type { PathwaysRequest } from './host.resolver.js';

/** Calls a handler for one event. */
export type HandlerCall = (event: PathwayEvent, context: EventContext) => unknown;

/** Calls an observer or error handler; the request is for scoped providers. */
export type PlainCall = (request: PathwaysRequest, ...args: readonly unknown[]) => unknown;
