import { PathwaysEngine } from '../builder/pathways-engine.js';
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

/** Token of the store of dead letters. */
export function getDeadLetterStoreToken(name: string = DEFAULT_INSTANCE): string {
  return `PathwaysDeadLetterStore(${name})`;
}

/** Token of the whole engine; the class itself for the unnamed instance. */
export function getEngineToken(name: string = DEFAULT_INSTANCE): InjectionTokenOf<PathwaysEngine> {
  return name === DEFAULT_INSTANCE ? PathwaysEngine : `PathwaysEngine(${name})`;
}
