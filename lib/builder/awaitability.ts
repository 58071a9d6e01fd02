import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { PumpState } from '../pump/pump.status.js';

const COULD_WAIT = ' (a store that tells of events handled elsewhere, such as typeOrmStore, could wait)';

/** What decides whether this process will ever process an event. */
export interface AwaitabilityView {
  readonly engineState: 'created' | 'running' | 'stopped';
  /** Whoever handles an event says so through the store, in whatever process. */
  readonly hasSignals: boolean;
  /** Events may be posted to this process. */
  readonly takesDeliveries: boolean;
  /** The platform posts the events, to whatever instance: no pump has a part in it. */
  readonly isPushed: boolean;
  readonly pumpEnabled: boolean;
  readonly autoStart: boolean;
  hasHandler(pathway: PathwayContract): boolean;
  pumpState(pathway: PathwayContract): PumpState | undefined;
  /** Whether the pump delivers nothing until somebody acts, and no handler of it runs here. */
  isAtRest(pathway: PathwayContract): boolean;
  /** Whether this instance, of several, has the pump. */
  runsHere(pathway: PathwayContract): boolean;
  /** Whether the pump is paused, by whatever instance. Rejects with the store's error. */
  isPaused(pathway: PathwayContract): Promise<boolean>;
}

/** Why a wait for this pathway's next event would be in vain, as far as this process knows; `undefined` when somebody may end it. */
export function whyUnawaitable(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  const { handledElsewhere = pathway.subscribe } = pathway;
  const reason = handledElsewhere && view.hasSignals ? undefined : whyNotHandledHere(pathway, view);
  if (reason !== undefined) return reason;
  return view.hasSignals ? whyNoInstance(pathway, view) : whyNotDeliveredHere(pathway, view);
}

/** The same, as far as the store knows: the pump may run in other instances only, and be paused there. */
export function whyPausedAnywhere(
  pathway: PathwayContract,
  view: AwaitabilityView,
): MaybePromise<string | undefined> {
  if (!view.hasSignals || isPosted(view)) return undefined;
  return view.isPaused(pathway).then(
    (isPaused) => (isPaused ? whyAtRest(pathway, 'paused') : undefined),
    // A store that does not answer must not keep anybody from writing.
    () => undefined,
  );
}

/**
 * Why a wait that has begun is in vain by now, as far as this process knows. A handler that runs may end it; where another
 * instance has the pump, only the store can tell.
 */
export function whyInVain(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  const knows = !view.hasSignals || view.runsHere(pathway);
  return knows && view.isAtRest(pathway) ? whyUnawaitable(pathway, view) : undefined;
}

/** The same where another instance has the pump, or none: handlers that run there are not known. */
export function whyPausedElsewhere(
  pathway: PathwayContract,
  view: AwaitabilityView,
): MaybePromise<string | undefined> {
  return view.runsHere(pathway) ? undefined : whyPausedAnywhere(pathway, view);
}

function whyNotHandledHere(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  const elsewhere = view.hasSignals
    ? ' (handledElsewhere: true in its contract says that another application on the same store handles it)'
    : '';
  if (!pathway.subscribe)
    return `its contract has subscribe: false, so this application never receives it${elsewhere}`;
  if (!view.hasHandler(pathway)) return `no method in this application handles it${elsewhere}`;
  return undefined;
}

/** Why nothing brings the event here, in a process that hears of no other. */
function whyNotDeliveredHere(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  if (view.engineState === 'stopped') return 'this application is shutting down, and pulls no more events';
  if (view.takesDeliveries) return undefined;
  if (view.isPushed)
    return `pathwayMode is managed and there is no webhook here, so this application never receives it${COULD_WAIT}`;
  if (!view.pumpEnabled)
    return `pump is false and there is no webhook, so this application never receives it${COULD_WAIT}`;
  return whyPumpIsIdle(pathway, view);
}

/** Why no instance will handle the event. A pump that only does not run here may run elsewhere. */
function whyNoInstance(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  if (isPosted(view)) return undefined;
  const state = view.pumpState(pathway);
  // One that is halted here keeps its lease, and a stop position counts for every instance.
  return state === 'paused' || state === 'halted' || state === 'done' ? whyAtRest(pathway, state) : undefined;
}

function isPosted({ isPushed, takesDeliveries }: AwaitabilityView): boolean {
  return isPushed || takesDeliveries;
}

function whyPumpIsIdle(pathway: PathwayContract, view: AwaitabilityView): string | undefined {
  const state = view.pumpState(pathway);
  if (state === 'paused' || state === 'halted' || state === 'done') return whyAtRest(pathway, state);
  // While the application starts, a pump that will start by itself is no reason to refuse.
  const startsByItself = view.engineState === 'created' && view.autoStart;
  if (startsByItself || (state !== undefined && state !== 'stopped')) return undefined;
  return `${nameOf(pathway)} is stopped; start it first (PumpManager.start)`;
}

function whyAtRest(pathway: PathwayContract, state: 'paused' | 'halted' | 'done'): string {
  const pump = nameOf(pathway);
  if (state === 'paused') return `${pump} is paused; resume it first (PumpManager.resume)`;
  if (state === 'halted')
    return `${pump} has halted at an event that failed; remove the cause and resume it first (PumpManager.resume)`;
  return `${pump} delivers only what was stored up to its stop position; start or reset it first (PumpManager)`;
}

function nameOf({ flowType, pumpGroup }: PathwayContract): string {
  return `the pump ${flowType}::${pumpGroup}`;
}
