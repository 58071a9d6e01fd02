import { onTestFinished } from 'vitest';
import type { LogFields, PathwaysLogger } from '../../../lib/event/logger.interface.js';
import { silentLogger } from '../../../lib/event/logger.interface.js';
import { noTelemetry } from '../../../lib/event/telemetry.interface.js';
import type { LocalFlowcore, LocalFlowcoreOptions } from '../../../lib/local/index.js';
import { startLocalFlowcore } from '../../../lib/local/index.js';
import { FlowcoreClient } from '../../../lib/platform/flowcore-client.js';
import { resolvePlatformHosts } from '../../../lib/platform/platform-hosts.js';
import type { EventOutcome } from '../../../lib/processor/event-delivery.interface.js';
import type { PumpProcessor } from '../../../lib/processor/pump-processor.interface.js';
import {
  ControlPlaneAgent,
  type ControlPlaneAgentOptions,
} from '../../../lib/provisioning/control-plane.agent.js';
import {
  PathwayRegistration,
  type PathwayRegistrationOptions,
} from '../../../lib/provisioning/pathway.registration.js';
import { PumpManager, type PumpManagerDependencies } from '../../../lib/pump/pump.manager.js';
import type { PumpStatus } from '../../../lib/pump/pump.status.js';
import { AlwaysGrantedLeaseStore } from '../../../lib/state/always-granted-lease.store.js';
import { MemoryCommandStore } from '../../../lib/state/memory-command.store.js';
import { MemoryCursorStore } from '../../../lib/state/memory-cursor.store.js';
import { MemoryDeliveryStore } from '../../../lib/state/memory-delivery.store.js';
import { ControllableClock } from '../../../lib/testing/controllable-clock.js';
import { untilIn } from '../../support/until.js';

export const NAME = 'orders-prod';
/** The one pump every application here has. */
export const ORDERS = 'order.0::default';
export const BILLS = 'bill.0::default';

const DEFINITIONS = [
  { flowType: 'order.0', pumpGroup: 'default', eventTypes: ['placed.0'] },
  { flowType: 'bill.0', pumpGroup: 'default', eventTypes: ['sent.0'] },
];

/** What several instances of one application share. */
export class SharedStores {
  readonly cursors = new MemoryCursorStore();
  readonly delivery = new MemoryDeliveryStore();
  readonly commands = new MemoryCommandStore();
}

type Changes = Partial<
  Pick<PumpManagerDependencies, 'delivery' | 'cursors' | 'leases'> &
    Pick<ControlPlaneAgentOptions, 'commands' | 'pulseIntervalMs' | 'failure'> &
    Pick<PathwayRegistrationOptions, 'managed' | 'labels'>
>;

/** An application as the control plane sees it: pumps on real connections, and the agent beside them. */
export class TestApplication {
  /** Numbers of the orders that were handled. */
  readonly handled: number[] = [];
  readonly resets: string[] = [];
  readonly logged: { readonly level: string; readonly message: string; readonly fields?: LogFields }[] = [];
  /** Replaces the handler. */
  handle: (payload: Record<string, unknown>) => Promise<EventOutcome> = () =>
    Promise.resolve({ status: 'processed' });
  readonly pumps: PumpManager;
  readonly agent: ControlPlaneAgent;
  readonly client: FlowcoreClient;

  constructor(
    readonly world: ControlWorld,
    changes: Changes = {},
    stores = world.stores,
  ) {
    const { clock, local } = world;
    const { delivery = stores.delivery, cursors = stores.cursors, commands = stores.commands } = changes;
    const leases = changes.leases ?? new AlwaysGrantedLeaseStore(clock);
    this.client = new FlowcoreClient({
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: world.apiKey,
      hosts: resolvePlatformHosts(local.url, { controlPlane: world.controlPlaneUrl }),
      dedicatedLookup: false,
      // The clock of a test runs faster than the network.
      requestTimeoutMs: 3_600_000,
      clock,
      logger: silentLogger,
      telemetry: noTelemetry,
    });
    const processor: PumpProcessor = {
      orderKey: () => '',
      deadLetterMalformed: async () => {},
      process: async ({ payload }) => {
        const outcome = await this.handle(payload as Record<string, unknown>);
        this.handled.push((payload as { n: number }).n);
        return outcome;
      },
    };
    this.pumps = new PumpManager({
      tenant: 'acme',
      dataCore: 'shop',
      source: this.client.events,
      notifications: this.client.notifications,
      processor,
      cursors,
      leases,
      delivery,
      deliveryKey: NAME,
      sweepOnStart: false,
      shutdownTimeoutMs: 1_000,
      clock,
      logger: silentLogger,
      telemetry: noTelemetry,
      options: {
        autoStart: true,
        concurrency: 1,
        startFrom: 'beginning',
        notifier: 'websocket',
        bufferSize: 1_000,
        bufferBytes: 33_554_432,
        pollIntervalMs: 2_000,
        lookBackMs: 300_000,
        commitIntervalMs: 500,
      },
    });
    this.agent = new ControlPlaneAgent({
      controlPlane: this.client.controlPlane,
      registration: new PathwayRegistration({
        controlPlane: this.client.controlPlane,
        tenant: 'acme',
        dataCore: 'shop',
        name: NAME,
        pathways: () =>
          DEFINITIONS.map(({ flowType, eventTypes: [eventType = ''] }) => ({ flowType, eventType })),
        logger: this.logger,
        ...changes,
      }),
      name: NAME,
      pumps: this.pumps,
      commands,
      leases,
      clock,
      logger: this.logger,
      ...changes,
    });
  }

  get logger(): PathwaysLogger {
    const log = (level: string) => (message: string, fields?: LogFields) =>
      void this.logged.push({ level, message, ...(fields && { fields }) });
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  }

  /** In the order of a boot. */
  async start(): Promise<void> {
    await this.pumps.define(DEFINITIONS);
    await this.agent.prepare();
    await this.pumps.start();
    this.agent.begin();
  }

  async stop(): Promise<void> {
    await Promise.all([this.agent.stop(), this.pumps.stop({ timeoutMs: 0 })]);
    await this.client.close();
  }

  status(pump = ORDERS): PumpStatus {
    const found = this.pumps.status().find((status) => status.pump === pump);
    if (!found) throw new Error(`There is no pump ${pump}`);
    return found;
  }

  until(condition: () => boolean): Promise<void> {
    return untilIn(this.world.clock, condition);
  }

  /** Until both pumps have handled everything. */
  live(): Promise<void> {
    const isLive = (pump: string) => {
      const { state, bufferedEvents } = this.status(pump);
      return state === 'live' && bufferedEvents === 0;
    };
    return this.until(() => isLive(ORDERS) && isLive(BILLS));
  }
}

/** A platform, and applications on it. */
export class ControlWorld {
  readonly stores = new SharedStores();
  apiKey = 'fc_id_secret';
  controlPlaneUrl = '';
  private readonly applications: TestApplication[] = [];

  private constructor(
    readonly local: LocalFlowcore,
    readonly clock: ControllableClock,
  ) {
    this.controlPlaneUrl = local.url;
  }

  static async create(options: LocalFlowcoreOptions = {}): Promise<ControlWorld> {
    // One clock: "live" is behind everything that was stored before.
    const clock = new ControllableClock(Date.UTC(2026, 4, 1, 10));
    const world = new ControlWorld(await startLocalFlowcore({ clock, ...options }), clock);
    onTestFinished(async () => {
      for (const application of world.applications) await untilEnded(world.clock, application.stop());
      await world.local.stop();
    });
    await world.write(0, 'bill.0', 'sent.0');
    return world;
  }

  /** Not started yet. Another one is another instance, or the same after a restart. */
  application(changes?: Changes, stores?: SharedStores): TestApplication {
    const application = new TestApplication(this, changes, stores);
    this.applications.push(application);
    return application;
  }

  /** With both pumps live. */
  async live(changes?: Changes): Promise<TestApplication> {
    await this.write(1);
    const application = this.application(changes);
    await application.start();
    await application.live();
    return application;
  }

  get pathwayId(): string {
    return this.local.controlPlane.pathways()[0]?.id ?? '';
  }

  /** Stores an order with this number. */
  write(n: number, flowType = 'order.0', eventType = 'placed.0'): Promise<string> {
    return this.local.appendRaw({ tenant: 'acme', dataCore: 'shop', flowType, eventType, payload: { n } });
  }

  command(id: string) {
    const command = this.local.controlPlane.commands(this.pathwayId).find((each) => each.id === id);
    if (!command) throw new Error(`There is no command ${id}`);
    return command;
  }

  /** The phases that arrived. */
  phases(id: string): string[] {
    return this.command(id).reports.map(({ phase }) => phase);
  }
}

async function untilEnded(clock: ControllableClock, work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const watched = work.finally(() => (isOver = true));
  watched.catch(() => {});
  await untilIn(clock, () => isOver);
  await watched;
}
