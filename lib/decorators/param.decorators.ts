import {
  Body,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { EventContext as PathwayEventContext } from '../processor/event-context.interface.js';
import { PathwaysExecutionContext } from './pathways-execution-context.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * The validated payload, or one property of it. Pipes may follow.
 *
 * It is Nest's `@Body()` under the word that fits: pipes treat parameters of custom decorators differently, and a
 * `ValidationPipe` would silently skip them.
 */
export function Payload(...pipes: Pipe[]): ParameterDecorator;
export function Payload(property: string, ...pipes: Pipe[]): ParameterDecorator;
export function Payload(...args: unknown[]): ParameterDecorator {
  return Body(...(args as [string, ...Pipe[]]));
}

/** The whole event, with the validated payload. */
export const CurrentEvent = createParamDecorator(
  (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).event,
);

/** The event's metadata, or one key of it. */
export const EventMetadata = createParamDecorator((key: string | undefined, context: ExecutionContext) => {
  const { metadata } = PathwaysExecutionContext.of(context).event;
  return key === undefined ? metadata : metadata[key];
});

/** Pathway, attempt number and the signal that aborts when the attempt's time is over. */
export const EventContext = createParamDecorator(
  (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).context,
);

/** What `@EventContext()` injects; one word for the decorator and its type. */
export type EventContext = PathwayEventContext;
