import { PathwaysHealth } from '../builder/pathways.health.js';
import { PathwaysEngine } from '../builder/pathways-engine.js';
import { DeadLetters } from '../processor/dead-letters.js';
import { PathwayProvisioner } from '../provisioning/pathway.provisioner.js';
import { PumpManager } from '../pump/pump.manager.js';
import { PathwayWriter } from '../writer/pathway.writer.js';

/** Name of the instance when none is given. */
export const DEFAULT_INSTANCE = 'default';

type InjectionTokenOf<T> = (abstract new (...args: never[]) => T) | string;

/** Token of a writer; the class itself for the unnamed instance. */
export function getPathwayWriterToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<PathwayWriter> {
  return name === DEFAULT_INSTANCE ? PathwayWriter : `PathwayWriter(${name})`;
}

/** Token of a pump manager; the class itself for the unnamed instance. */
export function getPumpManagerToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<PumpManager> {
  return name === DEFAULT_INSTANCE ? PumpManager : `PumpManager(${name})`;
}

/** Token of the dead letters; the class itself for the unnamed instance. */
export function getDeadLettersToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<DeadLetters> {
  return name === DEFAULT_INSTANCE ? DeadLetters : `DeadLetters(${name})`;
}

/** Token of the provisioner; the class itself for the unnamed instance. */
export function getPathwayProvisionerToken(
  name: string = DEFAULT_INSTANCE,
): InjectionTokenOf<PathwayProvisioner> {
  return name === DEFAULT_INSTANCE ? PathwayProvisioner : `PathwayProvisioner(${name})`;
}

/** Token of the health; the class itself for the unnamed instance. */
export function getPathwaysHealthToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<PathwaysHealth> {
  return name === DEFAULT_INSTANCE ? PathwaysHealth : `PathwaysHealth(${name})`;
}

/** Token of the whole engine; the class itself for the unnamed instance. */
export function getEngineToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<PathwaysEngine> {
  return name === DEFAULT_INSTANCE ? PathwaysEngine : `PathwaysEngine(${name})`;
}
