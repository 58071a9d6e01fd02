import { Inject } from '@nestjs/common';
import { getDeadLetterStoreToken, getPathwayWriterToken, getPumpManagerToken } from './instance-tokens.js';

/** Injects the writer of a named instance. */
export const InjectPathwayWriter = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPathwayWriterToken(name));

/** Injects the pump manager of a named instance. */
export const InjectPumpManager = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPumpManagerToken(name));

/** Injects the store of dead letters, to list and inspect them. */
export const InjectDeadLetters = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getDeadLetterStoreToken(name));
