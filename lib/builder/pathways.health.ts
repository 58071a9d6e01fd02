import type { PathwayProvisioner, ProvisioningState } from '../provisioning/pathway.provisioner.js';
import type { PumpManager } from '../pump/pump.manager.js';
import type { PumpState, PumpStatus } from '../pump/pump.status.js';

/** One pump, as a probe sees it. */
export interface PumpHealth {
  /** `flowType::group`. */
  readonly pump: string;
  readonly state: PumpState;
  readonly isHealthy: boolean;
  /** What is wrong, when something is. */
  readonly problem?: string;
}

/** What a probe gets. Plain data: it can be answered as JSON. */
export interface PathwaysHealthReport {
  /** Everything that should run here runs, and moves. */
  readonly isHealthy: boolean;
  /** What is wrong, for people. */
  readonly problems: readonly string[];
  readonly pumps: readonly PumpHealth[];
  readonly provisioning: ProvisioningState;
}

/** What the health is made of. */
export interface PathwaysHealthDependencies {
  readonly pumps: PumpManager;
  readonly provisioner: PathwayProvisioner;
  /** Whether pumps are meant to run. */
  isRunning(): boolean;
}

/** Milliseconds without one finished event, while events wait, after which a pump counts as stuck. */
const STALLED_AFTER_MS = 60_000;

/**
 * Whether events flow: a pump is healthy when it delivers, or is idle with an empty buffer. That the process lives says
 * nothing about it. For readiness probes; a service that is not healthy need not be restarted.
 */
export class PathwaysHealth {
  constructor(private readonly deps: PathwaysHealthDependencies) {}

  /** @param stalledAfterMs milliseconds without a finished event, while some wait. @default 60_000 */
  check({ stalledAfterMs = STALLED_AFTER_MS }: { stalledAfterMs?: number } = {}): PathwaysHealthReport {
    const { pumps, provisioner } = this.deps;
    const checked = pumps.status().map((status) => healthOf(status, stalledAfterMs));
    const problems = checked.flatMap(({ pump, problem }) => (problem ? [`Pump ${pump} ${problem}`] : []));
    const provisioning = provisioner.state;
    if (provisioning === 'interrupted')
      problems.unshift('The platform could not be looked at; provisioning is tried again');
    if (provisioning === 'failed') problems.unshift('Provisioning failed; the log says why');
    if (!this.deps.isRunning()) problems.unshift('It has not started, or has been stopped');
    return { isHealthy: problems.length === 0, problems, pumps: checked, provisioning };
  }
}

function healthOf(status: PumpStatus, stalledAfterMs: number): PumpHealth {
  const { pump, state } = status;
  const problem = problemOf(status, stalledAfterMs);
  return { pump, state, isHealthy: problem === undefined, ...(problem !== undefined && { problem }) };
}

function problemOf(
  { state, lastError, stalledMs, bufferedEvents, inFlight }: PumpStatus,
  stalledAfterMs: number,
): string | undefined {
  switch (state) {
    // Somebody wanted it so.
    case 'paused':
    case 'stopped':
    case 'done':
      return undefined;
    case 'halted':
      return 'halted at an event that failed: correct the cause, then resume it';
    case 'backing-off':
      return `is backing off: ${lastError ?? 'unknown error'}`;
    default:
      if (stalledMs < stalledAfterMs) return undefined;
      return `has finished nothing for ${Math.round(stalledMs / 1_000)} s, while ${bufferedEvents} wait and ${inFlight} are being handled`;
  }
}
