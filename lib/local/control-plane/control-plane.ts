import { LocalCommandRefusedError } from '../../errors/local-command-refused.error.js';
import type { Clock } from '../../event/clock.interface.js';
import type { PathwaysLogger } from '../../event/logger.interface.js';
import type { EventLog } from '../event-log.interface.js';
import { HttpRefusal } from '../http-refusal.js';
import type {
  LocalCommand,
  LocalCommandInput,
  LocalControlPlane,
  LocalDelivery,
  LocalPathway,
  LocalPulse,
} from './control-plane.interface.js';
import { ManagedDelivery } from './managed.delivery.js';
import { PathwayCatalog } from './pathway.catalog.js';
import { PulseBook } from './pulse.book.js';

export interface ControlPlaneOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly stopping: AbortSignal;
}

/** Registered pathways, their pulses and commands, and managed delivery. */
export class ControlPlane implements LocalControlPlane {
  readonly catalog: PathwayCatalog;
  readonly book: PulseBook;
  readonly delivery: ManagedDelivery;

  constructor(options: ControlPlaneOptions) {
    const { log, clock } = options;
    this.catalog = new PathwayCatalog(log, () => new Date(clock.now()).toISOString());
    this.book = new PulseBook(() => clock.now());
    this.delivery = new ManagedDelivery({ ...options, pathways: this.catalog });
  }

  pathways(): readonly LocalPathway[] {
    return this.catalog.all();
  }

  pulses(pathwayId?: string): readonly LocalPulse[] {
    return this.book.all(pathwayId);
  }

  sendCommand(pathwayId: string, command: LocalCommandInput): LocalCommand {
    try {
      return this.catalog.addCommand(pathwayId, command);
    } catch (error) {
      throw error instanceof HttpRefusal ? new LocalCommandRefusedError(pathwayId, error.message) : error;
    }
  }

  commands(pathwayId: string): readonly LocalCommand[] {
    return this.catalog.commands(pathwayId);
  }

  deliveries(pathwayId?: string): readonly LocalDelivery[] {
    return this.delivery.deliveries(pathwayId);
  }
}
