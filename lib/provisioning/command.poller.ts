/**
 * Takes commands from the control plane's queue, one instance at a time, and carries each out once.
 *
 * A command is *begun* (remembered, durably, before anything happens) → *ended* (with its outcome) → *reported*. One that
 * turns up again is not begun again, whatever was lost on the way: its acknowledgement, its report, or the process (protocol
 * §14.4, C6). An outcome is reported until the control plane has taken it, and is what happened, not how the reporting went
 * (C5).
 */
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Clock } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { ControlPlaneClient } from '../platform/control-plane.client.js';
import type { PendingCommand } from '../platform/control-plane.interface.js';
import type { CommandOutcome, CommandStore } from '../state/command-store.interface.js';
import { HeldLease } from '../state/held.lease.js';
import type { LeaseStore } from '../state/lease-store.interface.js';
import { BackgroundLoop } from './background.loop.js';
import { CommandExecutor, INTERRUPTED } from './command.executor.js';
import type { ControlledPumps } from './controlled-pumps.interface.js';

export interface CommandPollerOptions {
  readonly controlPlane: ControlPlaneClient;
  readonly pumps: ControlledPumps;
  readonly pathwayId: string;
  /** What the store knows the application by: its pathway name. */
  readonly deliveryKey: string;
  readonly commands: CommandStore;
  readonly leases: LeaseStore;
  /** Milliseconds between two looks. @default 5_000 */
  readonly commandPollingIntervalMs?: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

export class CommandPoller {
  private readonly loop: BackgroundLoop;
  private readonly lease: HeldLease;
  private readonly executor: CommandExecutor;
  /** Of the lease under which what others left behind was looked at. */
  private knownToken: number | undefined;
  /** Ended here, and the store did not take it yet. */
  private readonly unsaved = new Map<string, CommandOutcome>();
  private hasFailed = false;

  constructor(private readonly options: CommandPollerOptions) {
    const { clock, leases, deliveryKey, pumps, commandPollingIntervalMs = 5_000 } = options;
    this.executor = new CommandExecutor(pumps);
    this.lease = new HeldLease({
      key: `commands::${deliveryKey}`,
      leases,
      clock,
      onError: (error) => this.failed('The lease of the command queue could not be kept', error),
    });
    const work = (signal: AbortSignal) => this.round(signal);
    this.loop = new BackgroundLoop('CommandPoller', clock, commandPollingIntervalMs, work);
  }

  start(): void {
    this.loop.start();
  }

  /** Lets the command under way end. Stop the pumps at the same time: a reset that waits ends with them. */
  async stop(): Promise<void> {
    await this.loop.stop();
    await this.lease.release();
  }

  /**
   * One look: does what other instances were told, then, when it is this one's turn, what is in the queue. Rejects with the
   * error of the store or the control plane.
   */
  async runOnce(signal: AbortSignal = new AbortController().signal): Promise<void> {
    await this.options.pumps.followPauses();
    const lease = await this.lease.tryHold();
    if (!lease) return;
    const over = new AbortController();
    // A reset may take longer than the lease lasts, and its successor would call it interrupted.
    const kept = this.lease.keep(lease, over.signal, {
      onLost: () => (this.knownToken = undefined),
    });
    try {
      await this.saveOutcomes();
      if (lease.token !== this.knownToken) await this.closeInterrupted();
      this.knownToken = lease.token;
      await this.takeCommands(signal);
    } finally {
      over.abort();
      await kept;
    }
  }

  private async round(signal: AbortSignal): Promise<void> {
    try {
      await this.runOnce(signal);
      this.hasFailed = false;
    } catch (error) {
      if (!signal.aborted) this.failed('Commands of the control plane could not be taken', error);
    }
  }

  /** Whoever began them has lost the lease, so nobody carries them out any more. */
  private async closeInterrupted(): Promise<void> {
    const { commands, deliveryKey } = this.options;
    for (const { commandId, outcome } of await commands.unreported(deliveryKey)) {
      if (!outcome) await commands.finish(deliveryKey, commandId, INTERRUPTED);
    }
  }

  private async takeCommands(signal: AbortSignal): Promise<void> {
    const { controlPlane, pathwayId, commands, deliveryKey } = this.options;
    // First, so that an outcome is not kept back by a queue that cannot be read.
    for (const { commandId, outcome } of await commands.unreported(deliveryKey)) {
      if (outcome) await this.report(commandId, outcome, signal);
    }
    for (const command of await controlPlane.pendingCommands(pathwayId, signal)) {
      if (signal.aborted) return;
      if (await commands.begin(deliveryKey, command.id)) await this.run(command, signal);
      else await this.reportAgain(command.id, signal);
    }
  }

  private async run(command: PendingCommand, signal: AbortSignal): Promise<void> {
    const { controlPlane, pathwayId, logger } = this.options;
    const fields = { commandId: command.id, type: command.type };
    try {
      await controlPlane.reportCommand(pathwayId, command.id, { phase: 'acknowledged' }, signal);
    } catch (error) {
      logger.debug('The acknowledgement of a command was lost', { ...fields, ...errorFields(error) });
    }
    const outcome = await this.executor.execute(command, signal);
    if (outcome.phase === 'failed') logger.warn(`Command ${command.type} failed: ${outcome.details}`, fields);
    else logger.info(`Command ${command.type} was carried out`, { ...fields, details: outcome.details });
    this.unsaved.set(command.id, outcome);
    await this.saveOutcomes();
    await this.report(command.id, outcome, signal);
  }

  /** Still in the queue although it was begun before: its acknowledgement or its report was lost. */
  private async reportAgain(commandId: string, signal: AbortSignal): Promise<void> {
    const { commands, deliveryKey } = this.options;
    const known = await commands.find(deliveryKey, commandId);
    if (known?.outcome) await this.report(commandId, known.outcome, signal);
  }

  private async report(commandId: string, outcome: CommandOutcome, signal: AbortSignal): Promise<void> {
    const { controlPlane, pathwayId, commands, deliveryKey } = this.options;
    try {
      await controlPlane.reportCommand(pathwayId, commandId, outcome, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PlatformNotFoundError)) {
        this.failed(`The outcome of command ${commandId} could not be reported; it is tried again`, error);
        return;
      }
      // Forgotten there: nobody waits for it any more.
    }
    await commands.reported(deliveryKey, commandId);
  }

  private async saveOutcomes(): Promise<void> {
    const { commands, deliveryKey } = this.options;
    for (const [commandId, outcome] of this.unsaved) {
      await commands.finish(deliveryKey, commandId, outcome);
      this.unsaved.delete(commandId);
    }
  }

  private failed(text: string, error: unknown): void {
    // The same trouble every few seconds would bury everything else in the log.
    if (this.hasFailed) this.options.logger.debug(text, errorFields(error));
    else this.options.logger.warn(text, errorFields(error));
    this.hasFailed = true;
  }
}
