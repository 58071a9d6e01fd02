// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { ParseIntPipe, type ArgumentsHost } from '@nestjs/common';
import { expectTypeOf } from 'vitest';
import {
  createPathwayContract,
  CurrentEvent,
  EventContext,
  EventMetadata,
  InjectDeadLetters,
  InjectPathwayWriter,
  InjectPumpManager,
  OnAnyPathwayError,
  OnEvent,
  OnPathwayError,
  OnPathwayObserved,
  Pathway,
  PathwaysExecutionContext,
  Payload,
  type DeadLetters,
  type FlowcoreEvent,
  type HandlerDecoratorOptions,
  type ObservedStage,
  type PathwayContract,
  type PathwayEvent,
  type PathwayKey,
  type PathwayOptions,
  type PathwayWriter,
  type PumpManager,
} from 'nestjs-pathways';
import { orderExported, orderPaid, OrderPlaced, type Placed } from './contracts.js';

const names = { flowType: 'order.0', eventType: 'order.paid.0' };

// @Pathway: every option, on event classes and providers, with any Standard Schema or a class as the schema.
@Pathway<OrderPlaced>({
  ...names,
  schema: OrderPlaced,
  description: 'An order was paid',
  flowTypeDescription: 'Orders',
  writable: true,
  subscribe: true,
  pumpGroup: 'slow',
  maxRetries: 0,
  retryDelayMs: 100,
  backoff: 'exponential',
  handlerTimeoutMs: 0,
  timeoutMs: 1_000,
  orderBy: ({ payload }) => payload.orderId,
  onExhausted: 'halt',
  whitelist: true,
  validationGroups: ['create'],
})
export class EveryOption {}

// The schema types what orderBy sees.
Pathway({ ...names, schema: orderPaid, orderBy: ({ payload }) => payload.orderId });
Pathway({ ...names, schema: orderExported, orderBy: ({ payload }) => payload.at.toISOString() });
Pathway({ ...names, orderBy: (event) => expectTypeOf(event.payload).toBeUnknown() && event.eventId });
// @ts-expect-error the schema has no such key
Pathway({ ...names, schema: orderPaid, orderBy: ({ payload }) => payload.id });
// @ts-expect-error keys are text
Pathway({ ...names, schema: orderPaid, orderBy: ({ payload }) => payload.cents });
// @ts-expect-error an event type has a flow type
Pathway({ eventType: 'order.paid.0' });
// @ts-expect-error unknown keys are refused
Pathway({ ...names, maxRetry: 3 });
// @ts-expect-error a policy is one of three
Pathway({ ...names, onExhausted: 'skip' });
// @ts-expect-error a growth is one of two
Pathway({ ...names, backoff: 'random' });
// @ts-expect-error "false" from the environment is no boolean
Pathway({ ...names, writable: 'false' });
// @ts-expect-error a schema is a Standard Schema or a class
Pathway({ ...names, schema: { orderId: 'string' } });

// @ts-expect-error it belongs on a class
export const onMethod: MethodDecorator = Pathway(names);

expectTypeOf<PathwayOptions<OrderPlaced>['orderBy']>().toEqualTypeOf<
  ((event: FlowcoreEvent<OrderPlaced>) => string) | undefined
>();

// Contracts without a decorator.
expectTypeOf(createPathwayContract(names, { declaredBy: 'test' })).toEqualTypeOf<PathwayContract>();
createPathwayContract({ ...names, schema: orderPaid }, { declaredBy: 'test' });
createPathwayContract(
  { ...names, schema: orderPaid, orderBy: ({ payload }) => payload.orderId },
  { declaredBy: 'test' },
);
createPathwayContract({ ...names, whitelist: true }, { declaredBy: 'test', eventClass: OrderPlaced });
const place = { declaredBy: 'test' };
// @ts-expect-error the schema has no such key
createPathwayContract({ ...names, schema: orderPaid, orderBy: ({ payload }) => payload.id }, place);
// @ts-expect-error unknown keys are refused
createPathwayContract({ ...names, group: 'slow' }, { declaredBy: 'test' });
// @ts-expect-error messages must be able to say where it was declared
createPathwayContract(names);
// @ts-expect-error a contract is shared by writer, pump and router: nobody may change it
createPathwayContract(names, { declaredBy: 'test' }).maxRetries = 5;

// Methods: by class, by key, of the own pathway; for a named instance.
const instance: HandlerDecoratorOptions = { instance: 'billing' };
export class Handlers {
  @OnEvent(OrderPlaced)
  @OnEvent('order.0/order.paid.0', instance)
  @OnEvent()
  @OnEvent(instance)
  handle(_event: Placed, _context: EventContext): void {}

  @OnPathwayError(OrderPlaced)
  @OnPathwayError('order.0/order.paid.0', instance)
  @OnPathwayError()
  @OnAnyPathwayError()
  @OnAnyPathwayError(instance)
  failed(_error: Error, _event: Placed, _pathway: PathwayKey, _context: EventContext): void {}

  @OnPathwayObserved()
  @OnPathwayObserved('all')
  @OnPathwayObserved('after', instance)
  @OnPathwayObserved(OrderPlaced)
  @OnPathwayObserved(OrderPlaced, 'before')
  @OnPathwayObserved('order.0/order.paid.0', 'after', instance)
  observed(_event: Placed, _stage: ObservedStage, _context: EventContext): void {}

  constructor(
    @InjectPathwayWriter() readonly writer: PathwayWriter,
    @InjectPumpManager('billing') readonly pumps: PumpManager,
    @InjectDeadLetters() readonly deadLetters: DeadLetters,
  ) {}

  @OnEvent(OrderPlaced)
  parameters(
    @Payload() _payload: OrderPlaced,
    @Payload('total', ParseIntPipe) _total: number,
    @Payload(new ParseIntPipe()) _piped: number,
    @EventMetadata() _metadata: Record<string, unknown>,
    @EventMetadata('source') _source: string,
    @EventContext() _context: EventContext,
    @CurrentEvent() _event: Placed,
  ): void {}
}

// @ts-expect-error an instance has a name of text
OnEvent(OrderPlaced, { instance: 5 });
// @ts-expect-error unknown keys are refused
OnEvent(OrderPlaced, { name: 'billing' });
// @ts-expect-error a pathway is named by its class or its key
OnEvent(5);
// @ts-expect-error a stage is one of three
OnPathwayObserved(OrderPlaced, 'during');
// @ts-expect-error any pathway is meant, so none is named
OnAnyPathwayError(OrderPlaced);
// @ts-expect-error a property of the payload has a name of text
Payload(5);
// @ts-expect-error handlers are methods
export const onClass: ClassDecorator = OnEvent(OrderPlaced);

expectTypeOf<ObservedStage>().toEqualTypeOf<'before' | 'after'>();
expectTypeOf<Placed['payload']>().toEqualTypeOf<OrderPlaced>();
expectTypeOf<Placed['metadata']>().toEqualTypeOf<Readonly<Record<string, unknown>>>();
expectTypeOf<PathwayEvent['payload']>().toBeUnknown();
expectTypeOf<EventContext>().toEqualTypeOf<{
  readonly pathway: PathwayKey;
  readonly attempt: number;
  readonly source: string;
  readonly signal: AbortSignal;
  readonly transaction: unknown;
}>();

declare const event: Placed;
// @ts-expect-error a stored fact does not change
event.eventId = 'other';

declare const host: ArgumentsHost;
expectTypeOf(PathwaysExecutionContext.of<OrderPlaced>(host).event).toEqualTypeOf<Placed>();
expectTypeOf(PathwaysExecutionContext.of(host).event.payload).toBeUnknown();
expectTypeOf(PathwaysExecutionContext.of(host).context).toEqualTypeOf<EventContext>();
expectTypeOf(PathwaysExecutionContext.isPathways(host)).toEqualTypeOf<boolean>();
// @ts-expect-error made by Nest's context only
export const impossible = new PathwaysExecutionContext(event, {} as EventContext);
