import { Inject } from '@nestjs/common';
import {
  getDeadLetterStoreToken,
  getEngineToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './instance-tokens.js';

/** Injects the writer of a named instance. */
export const InjectPathwayWriter = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPathwayWriterToken(name));

/** Injects the pump manager of a named instance. */
export const InjectPumpManager = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPumpManagerToken(name));

/** Injects the store of dead letters, to list and inspect them. */
export const InjectDeadLetters = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getDeadLetterStoreToken(name));

/** Injects the whole engine of a named instance, for tools that need more than writer and pumps. */
export const InjectPathwaysEngine = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getEngineToken(name));
