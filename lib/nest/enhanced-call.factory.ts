import type { ApplicationConfig, ContextId, ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { PATHWAYS_CONTEXT_TYPE } from '../decorators/pathways-execution-context.js';
import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { FILTERS_KEY, PARAMETERS_KEY, PAYLOAD_PARAMETER } from './enhancers.internal-constants.js';
import type { HandlerCall, HandlerSubject } from './handler-call.type.js';
import { isBatch } from './handler-request.util.js';
import { swallowedFailureWarning } from './nest.messages.js';
import type { DiscoveredMethod } from './pathways.explorer.js';

type Method = (...args: readonly unknown[]) => unknown;

/** Reads what `@Payload()` asks for; custom parameter decorators read the execution context themselves. */
const PARAMETERS = {
  exchangeKeyForValue(
    kind: number,
    property: string | undefined,
    [subject]: readonly [HandlerSubject],
  ): unknown {
    if (kind !== PAYLOAD_PARAMETER) return undefined;
    const payloadOf = ({ payload }: PathwayEvent) =>
      property ? (payload as Record<string, unknown> | undefined)?.[property] : payload;
    return isBatch(subject) ? subject.map(payloadOf) : payloadOf(subject);
  },
};

/** Puts Nest's guards, interceptors, pipes, filters and parameter decorators around a handler. */
export class EnhancedCallFactory {
  private readonly warned = new Set<string>();

  constructor(
    private readonly contexts: ExternalContextCreator,
    private readonly modules: ModulesContainer,
    private readonly application: ApplicationConfig,
    private readonly logger: PathwaysLogger,
  ) {}

  create(method: DiscoveredMethod, instance: Record<string, Method>, contextId?: ContextId): HandlerCall {
    const handler = instance[method.methodName] as Method;
    const contexts = this.contextsOf(method);
    const options = { guards: true, interceptors: true, filters: false };
    const run = contexts.create(
      instance,
      handler as never,
      method.methodName,
      PARAMETERS_KEY,
      PARAMETERS as never,
      contextId,
      method.host.id,
      options,
      PATHWAYS_CONTEXT_TYPE,
    );
    return this.hasFilters(method, handler)
      ? this.withFilters(method, instance, handler, run as HandlerCall, contextId)
      : (run as HandlerCall);
  }

  /**
   * Filters are called apart from the rest, because Nest answers alike for a handler that succeeded and a filter that
   * caught the failure. A filter that returns something has handled the failure; one that returns nothing has not, and
   * the event fails as if there were no filter.
   */
  private withFilters(
    method: DiscoveredMethod,
    instance: Record<string, Method>,
    handler: Method,
    run: HandlerCall,
    contextId: ContextId | undefined,
  ): HandlerCall {
    return async (subject, context) => {
      try {
        return await run(subject, context);
      } catch (error) {
        const filters = this.filtersOf(method, instance, handler, contextId);
        const answer: unknown = await filters(subject, context, error);
        if (answer === undefined) throw error;
        this.warnOfSwallowedFailure(method.where);
        return isBatch(subject) ? undefined : answer; // Of a batch it would be read as a list of failures.
      }
    };
  }

  private filtersOf(
    method: DiscoveredMethod,
    instance: Record<string, Method>,
    handler: Method,
    contextId: ContextId | undefined,
  ): Method {
    const rethrow = (_event: unknown, _context: unknown, error: unknown) => {
      throw error;
    };
    for (const key of Reflect.getMetadataKeys(handler) as string[]) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), rethrow);
    }
    return this.contextsOf(method).create(
      instance,
      rethrow as never,
      // Nest 11 remembers the parameters of a method by its name alone; this one has none.
      `${method.methodName}:filters`,
      undefined,
      undefined,
      contextId,
      method.host.id,
      { guards: false, interceptors: false, filters: true },
      PATHWAYS_CONTEXT_TYPE,
    ) as Method;
  }

  /**
   * Nest looks for the module of the instance among providers, and by class alone on some versions. For a controller it
   * would find none and leave its guards out without a word; so the answer is given to it.
   */
  private contextsOf({ host }: DiscoveredMethod): ExternalContextCreator {
    const [moduleKey = ''] = [...this.modules.entries()].find(([, module]) => module === host.host) ?? [];
    return Object.create(this.contexts, {
      getContextModuleKey: { value: () => moduleKey },
    }) as ExternalContextCreator;
  }

  private hasFilters({ hostClass }: DiscoveredMethod, handler: Method): boolean {
    return (
      Reflect.hasMetadata(FILTERS_KEY, hostClass) ||
      Reflect.hasMetadata(FILTERS_KEY, handler) ||
      this.application.getGlobalFilters().length + this.application.getGlobalRequestFilters().length > 0
    );
  }

  private warnOfSwallowedFailure(where: string): void {
    if (this.warned.has(where)) return;
    this.warned.add(where);
    this.logger.warn(swallowedFailureWarning(where));
  }
}
