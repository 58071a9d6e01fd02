import {
  Body,
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { EventTransactionMissingError } from '../errors/event-transaction-missing.error.js';
import type { EventContext as PathwayEventContext } from '../processor/event-context.interface.js';
import { PathwaysExecutionContext } from './pathways-execution-context.js';

type Pipe = Type<PipeTransform> | PipeTransform;

/** Written down, because what the compiler finds by itself on Nest 12 names a type that Nest 11 does not have. */
type MetadataDecorator = (...keyOrPipes: (string | Pipe | undefined)[]) => ParameterDecorator;

/**
 * The validated payload, or one property of it; in a batch handler those of all events, in an array. Pipes may follow.
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

/** The events of a batch, in their order, with their validated payloads. Elsewhere an array of the one event. */
export const CurrentEvents = createParamDecorator(
  (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).events,
);

/** The event's metadata, or one key of it; in a batch handler those of all events, in an array. */
export const EventMetadata: MetadataDecorator = createParamDecorator(
  (key: string | undefined, context: ExecutionContext) => {
    const { events, isBatch } = PathwaysExecutionContext.of(context);
    const found = events.map(({ metadata }) => (key === undefined ? metadata : metadata[key]));
    return isBatch ? found : found[0];
  },
);

/** Pathway, attempt number and the signal that aborts when the attempt's time is over. */
export const EventContext = createParamDecorator(
  (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).context,
);

/**
 * What the handler's own statements must go through to commit together with the processed mark: the `EntityManager` of
 * the TypeORM store.
 *
 * @throws EventTransactionMissingError when the handler does not run inside a transaction.
 */
export const EventTransaction = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { pathway, transaction } = PathwaysExecutionContext.of(context).context;
  if (transaction === undefined) throw new EventTransactionMissingError(pathway);
  return transaction;
});

/** What `@EventContext()` injects; one word for the decorator and its type. */
export type EventContext = PathwayEventContext;
