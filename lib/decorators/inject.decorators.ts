import { Inject } from '@nestjs/common';
import {
  getDeadLettersToken,
  getEngineToken,
  getPathwayProvisionerToken,
  getPathwaysHealthToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './instance-tokens.js';

/** Injects the writer of a named instance. */
export const InjectPathwayWriter = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPathwayWriterToken(name));

/** Injects the pump manager of a named instance. */
export const InjectPumpManager = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPumpManagerToken(name));

/** Injects the dead letters of a named instance. */
export const InjectDeadLetters = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getDeadLettersToken(name));

/** Injects the provisioner of a named instance. */
export const InjectPathwayProvisioner = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPathwayProvisionerToken(name));

/** Injects the health of a named instance. */
export const InjectPathwaysHealth = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getPathwaysHealthToken(name));

/** Injects the whole engine of a named instance, for tools that need more than writer and pumps. */
export const InjectPathwaysEngine = (name?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getEngineToken(name));
