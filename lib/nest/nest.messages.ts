import type { EventClass } from '../contract/pathway.options.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';

const handlersError = (path: string, message: string): PathwaysConfigurationError =>
  new PathwaysConfigurationError([{ path, message }], 'The event handlers');

/** Pumps that run before every handler is known pass over the events of those that come later. */
export function builderStartedError(): PathwaysConfigurationError {
  const message =
    'was started before the application: its pumps would pass over events of handlers that the application has yet to add. The application starts and closes it, so do not call startPump; give pump and stateManagerFactory to new PathwaysBuilder';
  return new PathwaysConfigurationError([{ path: 'builder', message }]);
}

/** `forFeature` was given a class that is no contract. */
export function undeclaredClassError(eventClass: EventClass | undefined): PathwaysConfigurationError {
  const problem = eventClass
    ? { path: eventClass.name, message: 'has no @Pathway decorator, so nothing says which events it means' }
    : {
        path: 'undefined',
        message:
          'is in the list: the event class is not loaded yet, most likely because two files import each other',
      };
  return new PathwaysConfigurationError([problem], 'PathwaysModule.forFeature');
}

/** An argument-less decorator outside a `@Pathway` provider. */
export function unboundMethodError(where: string, hostClass: EventClass): PathwaysConfigurationError {
  return handlersError(
    where,
    `names no pathway, and ${hostClass.name} has no @Pathway decorator that would. Write @OnEvent(EventClass)`,
  );
}

/** A decorator or `forFeature` names an instance that no `forRoot` sets up: its events would never arrive. */
export function unknownInstanceError(
  where: string,
  name: string,
  known: readonly string[],
): PathwaysConfigurationError {
  return handlersError(
    where,
    `belongs to the instance "${name}", which no PathwaysModule.forRoot() sets up. Known: ${known.map((one) => `"${one}"`).join(', ')}`,
  );
}

/** Parameter decorators of HTTP routes find nothing in an event. */
export function httpParameterError(where: string): PathwaysConfigurationError {
  return handlersError(
    where,
    'uses a parameter decorator of HTTP routes, which an event has nothing for. Use @Payload(), @CurrentEvent(), @EventMetadata() or @EventContext()',
  );
}

export const swallowedFailureWarning = (where: string): string =>
  `An exception filter of ${where} returned a value for a failed event, so the event counts as processed. Let the filter throw, or return nothing, if the event should be retried. Said once per handler.`;
