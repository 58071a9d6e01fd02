import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext as PathwayEventContext } from '../processor/event-context.interface.js';

/** The arguments of a handler inside guards, interceptors, pipes and filters. */
export function pathwaysArguments(context: ExecutionContext): {
  event: PathwayEvent;
  context: PathwayEventContext;
} {
  const [event, eventContext] = context.getArgs<[PathwayEvent, PathwayEventContext]>();
  return { event, context: eventContext };
}

/** The validated payload, or one property of it. Pipes may follow. */
export const Payload = createParamDecorator((property: string | undefined, context: ExecutionContext) => {
  const payload = pathwaysArguments(context).event.payload as Record<string, unknown>;
  return property === undefined ? payload : payload?.[property];
});

/** The event's metadata, or one key of it. */
export const EventMetadata = createParamDecorator((key: string | undefined, context: ExecutionContext) => {
  const { metadata } = pathwaysArguments(context).event;
  return key === undefined ? metadata : metadata[key];
});

/** Pathway, attempt number and the signal that aborts when the attempt's time is over. */
export const EventContext = createParamDecorator(
  (_: unknown, context: ExecutionContext) => pathwaysArguments(context).context,
);
