import 'reflect-metadata';
import { Body, UseFilters, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';

// Nest does not export the metadata keys of its decorators. They are read off probes decorated with the public
// decorators, so a renamed key in a later version is followed instead of missed.

function keyOf(decorate: ClassDecorator): string {
  class Probe {}
  decorate(Probe);
  return Reflect.getMetadataKeys(Probe)[0] as string;
}

/** Where `@UseFilters` leaves its filters. */
export const FILTERS_KEY = keyOf(UseFilters());

/** Where the decorators of the enhancers that stand around a call leave them. */
export const ENHANCER_KEYS: readonly string[] = [
  keyOf(UseGuards()),
  keyOf(UseInterceptors()),
  keyOf(UsePipes()),
  FILTERS_KEY,
];

class ParameterProbe {}
Body()(ParameterProbe.prototype, 'method', 0);

/** Where parameter decorators are left, on the class, by method. */
export const PARAMETERS_KEY = Reflect.getMetadataKeys(ParameterProbe, 'method')[0] as string;

/** Kind of parameter that `@Payload()` makes. */
export const PAYLOAD_PARAMETER = Number(
  Object.keys(Reflect.getMetadata(PARAMETERS_KEY, ParameterProbe, 'method') as object)[0]?.split(':')[0],
);
