import type { ArgumentsHost } from '@nestjs/common';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { EventContext } from '../processor/event-context.interface.js';

/** What guards, interceptors and filters of the library's handlers see as `getType()`. */
export const PATHWAYS_CONTEXT_TYPE = 'pathways';

/** The arguments of a handler, for guards, interceptors, filters and parameter decorators. */
export class PathwaysExecutionContext<TPayload = unknown> {
  private constructor(
    readonly event: PathwayEvent<TPayload>,
    readonly context: EventContext,
  ) {}

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
    const [event, context] = host.getArgs<[PathwayEvent<TPayload>, EventContext]>();
    return new PathwaysExecutionContext(event, context);
  }

  /** True inside the handlers of this library. */
  static isPathways(host: ArgumentsHost): boolean {
    return host.getType<string>() === PATHWAYS_CONTEXT_TYPE;
  }
}
