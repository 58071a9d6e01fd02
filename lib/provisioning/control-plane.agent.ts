/**
 * Connects an application with the control plane. A virtual pathway is registered and its pauses are restored before its
 * pumps start; then it sends pulses and takes commands. A managed one is only registered: the platform does the rest.
 *
 * States: *created* → *registered* (or, while the control plane is down, *unregistered*, and tried again; what an operator
 * paused is then restored late) → *connected* (pulses and commands) → *stopped*.
 */
import type { Clock } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { ControlPlaneClient } from '../platform/control-plane.client.js';
import type { RegisteredPathway } from '../platform/control-plane.interface.js';
import type { CommandStore } from '../state/command-store.interface.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import { BackgroundLoop } from './background.loop.js';
import { CommandPoller } from './command.poller.js';
import type { ControlledPumps } from './controlled-pumps.interface.js';
import { afterFailedRegistration, isOutage, type PathwayRegistration } from './pathway.registration.js';
import { PauseRestorer } from './pause.restorer.js';
import type { ProvisionFailurePolicy } from './provisioning.options.js';
import { PulseSender } from './pulse.sender.js';

export interface ControlPlaneAgentOptions {
  readonly controlPlane: ControlPlaneClient;
  readonly registration: PathwayRegistration;
  /** The pathway's. */
  readonly name: string;
  readonly pumps: ControlledPumps;
  readonly commands: CommandStore;
  readonly leases: LeaseStore;
  /** @default 30_000 */
  readonly pulseIntervalMs?: number;
  /** @default 5_000 */
  readonly commandPollingIntervalMs?: number;
  /** `check`: the control plane is down. `apply`: it refuses. @default { check: 'continue', apply: 'throw' } */
  readonly failure?: Readonly<ProvisionFailurePolicy>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** `new`: for the first time ever. `known`: as it was before, or refused. `away`: the control plane is down. */
type RegistrationOutcome = 'new' | 'known' | 'away';

/** Between two tries to register while the control plane is down. */
const RETRY_MS = 30_000;

export class ControlPlaneAgent {
  /** Known once it is registered. */
  pathwayId: string | undefined;
  private readonly registration: PathwayRegistration;
  private readonly restorer: PauseRestorer;
  private readonly retry: BackgroundLoop;
  private readonly stopping = new AbortController();
  private pulses: PulseSender | undefined;
  private poller: CommandPoller | undefined;
  /** The pumps are started. */
  private isBegun = false;

  constructor(private readonly options: ControlPlaneAgentOptions) {
    this.registration = options.registration;
    this.restorer = new PauseRestorer(options);
    const work = (signal: AbortSignal) => this.tryAgain(signal);
    this.retry = new BackgroundLoop('ControlPlaneAgent', options.clock, RETRY_MS, work);
  }

  /**
   * Registers, and pauses what an operator paused. To be called before the pumps start, and again when pathways were
   * added. While the control plane is down, what the store remembers holds, and registering goes on in the background.
   *
   * @param registers `false`: somebody has registered it already, and this start must not.
   *
   * Rejects with the error of the store that keeps pauses: what cannot be read must not be delivered.
   *
   * @throws PlatformUnauthorizedError, whatever the policy: that is no outage. PlatformRequestError when the control plane
   * refuses and `failure.apply` is `throw`; PlatformUnavailableError when `failure.check` is.
   */
  async prepare({ registers = true }: { readonly registers?: boolean } = {}): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) return;
    try {
      const outcome = registers ? await this.register(signal) : this.takeOver();
      const isRestored = await this.restore(outcome === 'new', signal);
      this.connect();
      // Only now: both at once would each decide what is paused.
      if (outcome === 'away' || (registers && !isRestored)) this.retry.start();
    } catch (error) {
      // A stop during the start is no failure of the platform.
      if (!signal.aborted) throw error;
    }
  }

  /** Sends pulses and takes commands from now on, as soon as it is registered. To be called when the pumps are started. */
  begin(): void {
    this.isBegun = true;
    this.connect();
  }

  /** Ends what `prepare` waits for; call it before `stop`, and at once. */
  abandon(): void {
    this.stopping.abort(new Error('The application stops'));
  }

  /** Stop the pumps at the same time: a command that waits for one of them ends with it. */
  async stop(): Promise<void> {
    this.abandon();
    await Promise.all([this.retry.stop(), this.pulses?.stop(), this.poller?.stop()]);
  }

  private async register(signal: AbortSignal): Promise<RegistrationOutcome> {
    const { failure, logger } = this.options;
    try {
      return (await this.tryRegister(signal)) ? 'new' : 'known';
    } catch (error) {
      if (signal.aborted) throw error;
      if (afterFailedRegistration(error, failure) === 'refused') {
        logger.error(
          'The control plane refuses to register the pathway; the application runs without pulses and commands. Correct the cause, then restart it',
          errorFields(error),
        );
        return 'known';
      }
      logger.warn(
        'The control plane is not there; the application runs without pulses and commands until it is',
        errorFields(error),
      );
      return 'away';
    }
  }

  /** What an explicit `provision()` has registered. */
  private takeOver(): RegistrationOutcome {
    const { answer } = this.registration;
    return answer !== undefined && this.isNew(answer) ? 'new' : 'known';
  }

  /** Whether it was registered for the first time ever. */
  private async tryRegister(signal: AbortSignal): Promise<boolean> {
    return this.isNew(await this.registration.register(signal));
  }

  /** Takes the id over. Only the first time says something: the same answer is given again while nothing changes. */
  private isNew({ pathwayId, status }: RegisteredPathway): boolean {
    const isFirst = this.pathwayId === undefined;
    this.pathwayId = pathwayId;
    return isFirst && status === 'created';
  }

  /** `false` when the control plane was away. */
  private async restore(isNew: boolean, signal: AbortSignal): Promise<boolean> {
    // Nobody can have paused at the control plane what it did not know; the store may still.
    return this.registration.isManaged || (await this.restorer.restore({ asks: !isNew, signal }));
  }

  private connect(): void {
    const { pathwayId } = this;
    if (!this.isBegun || pathwayId === undefined || this.poller) return;
    if (this.registration.isManaged || this.stopping.signal.aborted) return;
    this.pulses = new PulseSender({ ...this.options, pathwayId });
    this.poller = new CommandPoller({ ...this.options, pathwayId, deliveryKey: this.options.name });
    this.pulses.start();
    this.poller.start();
  }

  private async tryAgain(signal: AbortSignal): Promise<void> {
    let isNew: boolean;
    try {
      isNew = await this.tryRegister(signal);
    } catch (error) {
      if (signal.aborted) return;
      const text = 'The pathway could not be registered with the control plane; it is tried again';
      if (isOutage(error)) this.options.logger.debug(text, errorFields(error));
      else this.options.logger.error(text, errorFields(error));
      return;
    }
    try {
      await this.restore(isNew, signal);
    } catch (error) {
      if (signal.aborted) return;
      const text = 'What an operator paused could not be stored; it is tried again';
      this.options.logger.error(text, errorFields(error));
      // A command that comes first must not be undone by what was read before it.
      return;
    }
    this.connect();
  }
}
