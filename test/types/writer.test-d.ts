// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import * as v from 'valibot';
import { z } from 'zod4';
import { Pathway } from 'nestjs-pathways';
import type {
  BatchWriteInput,
  BuilderWrite,
  EventClass,
  NotWritable,
  OutboxReference,
  PathwayKey,
  PathwaysBuilder,
  PathwayTarget,
  PathwayWriter,
  WriteInput,
  WriteMetadata,
  WriteOptions,
} from 'nestjs-pathways';
import { OrderExported, OrderPlaced, orderPaid } from './contracts.js';

declare const writer: PathwayWriter;
const data = { orderId: 'o-1', total: 3 };

// One event gives its id, a batch gives one per item.
expectTypeOf(writer.write(OrderPlaced, { data })).toEqualTypeOf<Promise<string>>();
expectTypeOf(writer.write(OrderPlaced, { data, batch: false })).toEqualTypeOf<Promise<string>>();
expectTypeOf(writer.write(OrderPlaced, { data: [data], batch: true })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(writer.write('order.0/order.placed.0', { data })).toEqualTypeOf<Promise<string>>();
expectTypeOf(writer.write('order.0/order.placed.0', { data: [1, 'two'], batch: true })).toEqualTypeOf<
  Promise<string[]>
>();

// What the class declares is what may be written: instances, literals, optional fields, read-only lists.
void writer.write(OrderPlaced, { data: new OrderPlaced() });
void writer.write(OrderPlaced, { data: { ...data, note: 'by phone' } });
void writer.write(OrderPlaced, { data: [data] as const, batch: true });
void writer.write(OrderExported, { data: { orderId: 'o-1', at: new Date() } });

// @ts-expect-error the class says that total is a number
void writer.write(OrderPlaced, { data: { orderId: 'o-1', total: '3' } });
// @ts-expect-error total is missing
void writer.write(OrderPlaced, { data: { orderId: 'o-1' } });
// @ts-expect-error the class has no field of this name
void writer.write(OrderPlaced, { data: { orderId: 'o-1', total: 3, totl: 3 } });
// @ts-expect-error the schema makes a Date of it, and that is what the class declares
void writer.write(OrderExported, { data: { orderId: 'o-1', at: 5 } });
// @ts-expect-error one item of the batch is of another class
void writer.write(OrderPlaced, { data: [data, { orderId: 'o-2', at: new Date() }], batch: true });
// @ts-expect-error several events need batch: true
void writer.write(OrderPlaced, { data: [data] });
// @ts-expect-error a batch is a list
void writer.write(OrderPlaced, { data, batch: true });
// @ts-expect-error an event has data
void writer.write(OrderPlaced, { metadata: {} });
// @ts-expect-error a key has two parts
void writer.write('order.placed.0', { data });
// @ts-expect-error neither a class nor a key
void writer.write(7, { data });

declare const part: Pick<OrderPlaced, 'orderId'>;
// @ts-expect-error total is missing, also in a variable
void writer.write(OrderPlaced, { data: part });
// @ts-expect-error total is missing in every item
void writer.write(OrderPlaced, { data: [part], batch: true });
// @ts-expect-error an empty object is no order
void writer.write(OrderPlaced, { data: {} });

// Metadata and options, of one and of several.
const metadata: WriteMetadata = { source: 'web', nested: { a: 1 } };
const options: WriteOptions = {
  fireAndForget: true,
  timeoutMs: 5_000,
  signal: new AbortController().signal,
  eventTime: new Date(),
  validTime: new Date(),
  eventTimeKey: 'at',
  validTimeKey: 'from',
};
void writer.write(OrderPlaced, { data, metadata, options });
void writer.write(OrderPlaced, { data: [data], metadata, options, batch: true });

// @ts-expect-error a mistyped option would wait for processing without a word
void writer.write(OrderPlaced, { data, options: { fireAndForgett: true } });
// @ts-expect-error milliseconds are a number
void writer.write(OrderPlaced, { data, options: { timeoutMs: '5s' } });
// @ts-expect-error a time is a Date: text could be of any format
void writer.write(OrderPlaced, { data, options: { eventTime: '2026-05-01' } });
// @ts-expect-error metadata has names
void writer.write(OrderPlaced, { data, metadata: 'web' });

expectTypeOf<WriteInput<OrderPlaced>['data']>().toEqualTypeOf<OrderPlaced>();
expectTypeOf<BatchWriteInput<OrderPlaced>['data']>().toEqualTypeOf<readonly OrderPlaced[]>();
expectTypeOf<BatchWriteInput<OrderPlaced>['batch']>().toEqualTypeOf<true>();
expectTypeOf<PathwayTarget<OrderPlaced>>().toEqualTypeOf<EventClass<OrderPlaced> | PathwayKey>();
expectTypeOf<WriteMetadata[string]>().toBeUnknown();

// An outbox write has no event id to give.
expectTypeOf(writer.write(OrderPlaced, { data, options: { outbox: true } })).toEqualTypeOf<
  Promise<OutboxReference>
>();
expectTypeOf(
  writer.write(OrderPlaced, { batch: true, data: [data], options: { outbox: true } }),
).toEqualTypeOf<Promise<OutboxReference[]>>();
expectTypeOf(writer.write(OrderPlaced, { data, options: { outbox: false } })).toEqualTypeOf<
  Promise<string>
>();
void writer.write(OrderPlaced, { data, options: { idempotencyKey: 'k', transaction: {} } });
// @ts-expect-error the payload is checked all the same
void writer.write(OrderPlaced, { data: { orderId: 'o-1' }, options: { outbox: true } });
// @ts-expect-error a key is a text
void writer.write(OrderPlaced, { data, options: { idempotencyKey: 7 } });

// A class with a schema of any kind: its fields are what is written, as the schema's output is what its handlers get.
@Pathway({ flowType: 'order.0', eventType: 'order.paid.0', schema: orderPaid })
class OrderPaid implements v.InferOutput<typeof orderPaid> {
  orderId!: string;
  cents!: number;
}
const shipped = z.object({ orderId: z.string(), parcels: z.array(z.object({ weight: z.number() })) });
@Pathway({ flowType: 'order.0', eventType: 'order.shipped.0', schema: shipped })
class OrderShipped implements z.infer<typeof shipped> {
  orderId!: string;
  parcels!: { weight: number }[];
}
void writer.write(OrderPaid, { data: { orderId: 'o-1', cents: 300 } });
void writer.write(OrderPaid, { batch: true, data: [{ orderId: 'o-1', cents: 300 }] });
void writer.write(OrderShipped, { data: { orderId: 'o-1', parcels: [{ weight: 2 }] } });
// @ts-expect-error valibot says that cents is a number
void writer.write(OrderPaid, { data: { orderId: 'o-1', cents: '300' } });
// @ts-expect-error the second item lacks cents
void writer.write(OrderPaid, { batch: true, data: [{ orderId: 'o-1', cents: 300 }, { orderId: 'o-2' }] });
// @ts-expect-error zod says that a weight is a number, deep inside too
void writer.write(OrderShipped, { data: { orderId: 'o-1', parcels: [{ weight: '2' }] } });

// A class does not show what its decorator says, so writing to a read-only pathway compiles: it is refused when it runs
// (lib/writer/pathway.writer.spec.ts). The builder knows it by its options, and says it in the compiler's message.
@Pathway({ flowType: 'order.0', eventType: 'order.read.0', writable: false })
class OrderRead {
  orderId!: string;
}
void writer.write(OrderRead, { data: { orderId: 'o-1' } });
declare const builder: PathwaysBuilder;
const readOnly = builder.register({
  flowType: 'order.0',
  eventType: 'read.0',
  schema: orderPaid,
  writable: false,
});
// @ts-expect-error it is registered with writable: false
void readOnly.write('order.0/read.0', { data: { orderId: 'o-1', cents: 300 } });
expectTypeOf<BuilderWrite<{ 'order.0/read.0': typeof READ }, 'order.0/read.0'>>().toEqualTypeOf<
  NotWritable<'order.0/read.0'>
>();
declare const READ: { input: unknown; payload: unknown; writable: false; isFile: false };
