import type { AnsweredSource } from './answered.source.js';
import type { PumpDependencies } from './pump-dependencies.interface.js';
import type { PumpCondition } from './pump.condition.js';
import type { PumpJournal } from './pump.journal.js';
import type { PumpSession } from './pump.session.js';

/**
 * Without an answer of the platform for so long, while every read fails, the pump is left to another instance. As long as a
 * lease lives: an instance that dies is replaced no sooner.
 */
const CUT_OFF_MS = 30_000;

/** The parts of a pump that know of its signs of life. */
export interface SignsOfLife {
  readonly deps: PumpDependencies;
  readonly condition: PumpCondition;
  readonly journal: PumpJournal;
  readonly source: AnsweredSource;
}

/** Whether another instance should try: this one hears nothing from the platform, and has nothing left to deliver. */
export function isCutOff(
  { dispatcher }: PumpSession,
  { deps, condition, journal, source }: SignsOfLife,
  failingSince: number,
): boolean {
  // An outage of the platform, with nobody to take over, must not end a handler that runs, or try the event of a halt again.
  if (dispatcher.inFlight > 0 || condition.isHalted || condition.isPaused) return false;
  const lastSign = Math.max(failingSince, source.answeredAt, journal.lastFinishedAt ?? -Infinity);
  return deps.clock.now() - lastSign >= CUT_OFF_MS;
}
