import type { CommandOutcome } from '../state/command-store.interface.js';
import type { PendingCommand } from '../platform/control-plane.interface.js';
import { isTimeBucket } from '../event/time-bucket.util.js';
import { isTimeUuid } from '../event/time-uuid.util.js';
import type { PumpPosition, PumpStop } from '../pump/pump.options.js';
import type { PumpState } from '../pump/pump.status.js';
import type { ControlledPumps } from './controlled-pumps.interface.js';
import { pumpTargets } from './pump-targets.util.js';

type Kind = 'restart' | 'pause' | 'resume' | 'stop';

/** Both the names of the control plane's queue and the short ones. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['datapumpRestart', 'restart'],
  ['datapumpPause', 'pause'],
  ['datapumpResume', 'resume'],
  ['pause', 'pause'],
  ['resume', 'resume'],
  ['stop', 'stop'],
]);

/** What a command comes to when the process ended while it ran. */
export const INTERRUPTED: CommandOutcome = {
  phase: 'failed',
  details:
    'The application ended while it carried this out. Look at the state of the pumps, and send the command again if it had no effect.',
};

/**
 * Carries out one command. Never rejects, and never reports what did not happen: what it does not know, cannot do or finds no
 * pump for has failed, with the reason (protocol §14.4, C4 and C7).
 */
export class CommandExecutor {
  constructor(private readonly pumps: ControlledPumps) {}

  /** @param signal the application stops: nothing is started any more. */
  async execute(command: PendingCommand, signal: AbortSignal): Promise<CommandOutcome> {
    try {
      return await this.carryOut(command, signal);
    } catch (error) {
      return failed(messageOf(error));
    }
  }

  private async carryOut(command: PendingCommand, signal: AbortSignal): Promise<CommandOutcome> {
    const kind = KINDS.get(command.type);
    if (!kind)
      return failed(`Unknown command type "${command.type}". Known: ${[...KINDS.keys()].join(', ')}.`);
    const names = namesOf(command.sourceFlowTypes);
    if (names === 'malformed')
      return failed('"sourceFlowTypes" must be a list of flow types or "flowType::group" pumps, or null.');
    const status = this.pumps.status();
    const { keys, unknown } = pumpTargets(status, names);
    if (keys.length === 0)
      return failed(
        `The command matched no pump${names?.length ? `: there is no ${unknown.join(', ')}` : ''}. Known pumps: ${status.map(({ pump }) => pump).join(', ') || 'none'}.`,
      );
    const inState = (wanted: PumpState) =>
      status.filter(({ pump, state }) => keys.includes(pump) && state === wanted).map(({ pump }) => pump);
    const target = { keys, stopped: inState('stopped'), done: inState('done') };
    const outcome = await this.apply(kind, command, target, signal);
    if (outcome.phase === 'failed' || unknown.length === 0) return outcome;
    const missed = `No pump matched ${unknown.join(', ')}; the others did it: ${keys.join(', ')}.`;
    return { ...outcome, details: outcome.details ? `${missed} ${outcome.details}` : missed };
  }

  private async apply(
    kind: Kind,
    command: PendingCommand,
    target: Targets,
    signal: AbortSignal,
  ): Promise<CommandOutcome> {
    const { keys, stopped, done } = target;
    if (kind === 'restart') return this.restart(command, target, signal);
    if (kind === 'stop') {
      await this.pumps.stop({ filter: { keys }, isEverywhere: true });
      return DONE;
    }
    if (stopped.length + done.length === keys.length)
      return failed(`${keys.join(', ')}: not running. A restart command starts them.`);
    try {
      await (kind === 'pause' ? this.pumps.pauseAs('control-plane', { keys }) : this.pumps.resume({ keys }));
      return DONE;
    } catch (error) {
      return failed(
        `Done in this instance, but it could not be persisted, so a restart undoes it: ${messageOf(error)}`,
      );
    }
  }

  /** Each pump by itself: one that cannot be reset does not speak for the others. */
  private async restart(
    { position, stopAt }: PendingCommand,
    { keys, stopped }: Targets,
    signal: AbortSignal,
  ): Promise<CommandOutcome> {
    const target = positionOf(position);
    if (target === 'malformed')
      return failed(
        '"position" must be null or an object with a "timeBucket" of 14 digits, and perhaps an "eventId".',
      );
    const stop = stopOf(stopAt);
    if (stop === 'malformed')
      return failed('"stopAt" must be null, an ISO 8601 date, a time bucket of 14 digits, or an event id.');
    // Of the reference client it counts only together with a position.
    const isBounded = target !== 'live' && stop !== undefined;
    const bound = isBounded ? { stopAt: stop } : {};
    const results = await Promise.allSettled(
      keys.map((key) => this.pumps.reset(target, { keys: [key], ...bound })),
    );
    const problems = results.flatMap((result, at) =>
      result.status === 'rejected' ? [`${keys[at]}: ${messageOf(result.reason)}`] : [],
    );
    const restarted = keys.filter((_, at) => results[at]?.status === 'fulfilled');
    const toStart = stopped.filter((key) => restarted.includes(key));
    if (toStart.length > 0 && !signal.aborted) await this.pumps.start({ keys: toStart });
    if (problems.length === 0)
      return isBounded || stop === undefined ? DONE : { ...DONE, details: STOP_IGNORED };
    return failed(`${problems.join(' ')} Restarted all the same: ${restarted.join(', ') || 'none'}.`);
  }
}

/** The pumps a command is for, those among them that do not run, and those that stand at their stop position. */
interface Targets {
  readonly keys: readonly string[];
  readonly stopped: readonly string[];
  readonly done: readonly string[];
}

const DONE: CommandOutcome = { phase: 'running' };

const STOP_IGNORED = '"stopAt" was ignored: it counts only together with a "position".';

function failed(details: string): CommandOutcome {
  return { phase: 'failed', details };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function namesOf(value: unknown): readonly string[] | undefined | 'malformed' {
  if (value == null) return undefined;
  const isList = Array.isArray(value) && value.every((name): name is string => typeof name === 'string');
  return isList ? value : 'malformed';
}

function positionOf(value: unknown): PumpPosition | 'malformed' {
  if (value == null) return 'live';
  if (typeof value !== 'object' || Array.isArray(value)) return 'malformed';
  const { timeBucket, eventId } = value as { timeBucket?: unknown; eventId?: unknown };
  if (typeof timeBucket !== 'string') return 'malformed';
  if (eventId == null) return { timeBucket };
  return typeof eventId === 'string' ? { timeBucket, eventId } : 'malformed';
}

function stopOf(value: unknown): PumpStop | undefined | 'malformed' {
  if (value == null) return undefined;
  if (typeof value !== 'string') return 'malformed';
  if (isTimeUuid(value)) return value;
  if (isTimeBucket(value)) return { timeBucket: value };
  const date = /^\d{4}-\d{2}-\d{2}/.test(value) ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : 'malformed';
}
