import type { ArgumentsHost } from '@nestjs/common';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';

/** What guards, interceptors and filters of the library's handlers see as `getType()`. */
export const PATHWAYS_CONTEXT_TYPE = 'pathways';

/** The arguments of a handler, for guards, interceptors, filters and parameter decorators. */
export class PathwaysExecutionContext<TPayload = unknown> {
  private constructor(
    /** What the handler is called for: one event, or the events of a batch. */
    readonly events: readonly PathwayEvent<TPayload>[],
    /** The handler is one of `@OnEvents`. */
    readonly isBatch: boolean,
    readonly context: EventContext,
  ) {}

  /** @throws TypeError in a batch handler: the answer for one event would count for all of them. */
  get event(): PathwayEvent<TPayload> {
    const [event] = this.events;
    if (this.isBatch || !event) {
      throw new TypeError(
        `The handler of ${this.context.pathway} takes several events at once. Read events instead of event (@CurrentEvents() instead of @CurrentEvent())`,
      );
    }
    return event;
  }

  /**
   * Reads the context Nest hands to an enhancer.
   *
   * @throws TypeError for a context of something else, for example of an HTTP route: ask `isPathways` first in an
   * enhancer that serves both.
   */
  static of<TPayload = unknown>(host: ArgumentsHost): PathwaysExecutionContext<TPayload> {
    if (!this.isPathways(host)) {
      throw new TypeError(
        `This is a context of type "${host.getType<string>()}", not of an event handler. Test PathwaysExecutionContext.isPathways(context) first`,
      );
    }
    const [subject, context] =
      host.getArgs<[PathwayEvent<TPayload> | readonly PathwayEvent<TPayload>[], EventContext]>();
    return isBatch(subject)
      ? new PathwaysExecutionContext(subject, true, context)
      : new PathwaysExecutionContext([subject], false, context);
  }

  /** True inside the handlers of this library. */
  static isPathways(host: ArgumentsHost): boolean {
    return host.getType<string>() === PATHWAYS_CONTEXT_TYPE;
  }
}

function isBatch<T>(subject: T | readonly T[]): subject is readonly T[] {
  return Array.isArray(subject);
}
