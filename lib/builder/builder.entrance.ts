import type { PathwayRegistry } from '../contract/pathway.registry.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { BatchLimits } from '../processor/batch-binding.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import type { EventProcessor } from '../processor/event.processor.js';
import type { BatchListener } from '../processor/pump-processor.interface.js';
import type { RouterProcessor } from '../router/pathway.router.js';
import type { PathwaysEngine } from './pathways-engine.js';

/** Where a router hands events to a builder, which may have no engine yet. */
export class BuilderEntrance implements RouterProcessor {
  private processor: EventProcessor | undefined;
  private isOpen = false;

  constructor(
    private readonly registry: PathwayRegistry,
    private readonly ready: () => Promise<PathwaysEngine>,
  ) {}

  connect(processor: EventProcessor): void {
    this.processor = processor;
    if (this.isOpen) processor.expectDeliveries();
  }

  expectDeliveries(): void {
    this.isOpen = true;
    this.processor?.expectDeliveries();
  }

  has(flowType: string, eventType: string): boolean {
    return this.registry.find(flowType, eventType) !== undefined;
  }

  async process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    return (await this.ready()).processor.process(event, delivery);
  }

  /** Before there is an engine nobody has registered a batch handler. */
  batchOf(event: FlowcoreEvent): BatchLimits | undefined {
    return this.processor?.batchOf(event);
  }

  async processBatch(
    events: readonly FlowcoreEvent[],
    delivery: EventDelivery,
    onEnd: BatchListener,
  ): Promise<void> {
    await (await this.ready()).processor.processBatch(events, delivery, onEnd);
  }
}
