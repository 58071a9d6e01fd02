// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { z as z4 } from 'zod4';
import {
  PathwayRouter,
  PathwaysBuilder,
  SessionPathwayBuilder,
  type FileEventFields,
  type Logger,
  type PathwayEvent,
  type PumpStateManagerFactory,
} from 'nestjs-pathways/builder';
import { OrderPlaced } from './contracts.js';

const options = { baseUrl: 'http://127.0.0.1:1', tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };
const order = z.object({
  orderId: z.string(),
  total: z.number(),
  at: z.string().transform((text) => new Date(text)),
});

const builder = new PathwaysBuilder(options)
  .register({ flowType: 'order', eventType: 'placed', schema: order })
  .register({ flowType: 'order', eventType: 'imported', schema: order, writable: false })
  .register({ flowType: 'user', eventType: 'created', schema: z4.object({ name: z4.string() }) })
  .register({ flowType: 'user', eventType: 'renamed', schema: v.object({ name: v.string() }) })
  .register({ flowType: 'order.0', eventType: 'order.placed.0', schema: OrderPlaced })
  .register({ flowType: 'free', eventType: 'form' })
  .register({
    flowType: 'doc',
    eventType: 'uploaded',
    schema: z.object({ kind: z.string() }),
    isFilePathway: true,
  });

// A handler gets what the schema makes of a payload, a writer gives what the schema takes.
builder.handle('order/placed', (event) => {
  expectTypeOf(event).toEqualTypeOf<PathwayEvent<{ orderId: string; total: number; at: Date }>>();
});
builder.handle('user/created', (event) => expectTypeOf(event.payload).toEqualTypeOf<{ name: string }>());
builder.handle('user/renamed', (event) => expectTypeOf(event.payload).toEqualTypeOf<{ name: string }>());
builder.handle('order.0/order.placed.0', (event) => expectTypeOf(event.payload).toEqualTypeOf<OrderPlaced>());
builder.handle('free/form', (event) => expectTypeOf(event.payload).toBeUnknown());
builder.subscribe('order/placed', (event, stage) => {
  expectTypeOf(event.payload.at).toEqualTypeOf<Date>();
  expectTypeOf(stage).toEqualTypeOf<'before' | 'after'>();
});
builder.onError('order/placed', (error, event) => {
  expectTypeOf(error).toEqualTypeOf<Error>();
  expectTypeOf(event.payload.total).toBeNumber();
});
builder.onAnyError((error, event, pathway) => {
  expectTypeOf(event.payload).toBeUnknown();
  expectTypeOf(pathway).toEqualTypeOf<`${string}/${string}`>();
});
const data = { orderId: 'o-1', total: 3, at: '2026-01-01T00:00:00Z' };
expectTypeOf(builder.write('order/placed', { data })).toEqualTypeOf<Promise<string>>();
expectTypeOf(builder.write('order/placed', { data, batch: false })).toEqualTypeOf<Promise<string>>();
expectTypeOf(builder.write('order/placed', { data: [data], batch: true })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(builder.get('order/placed').maxRetries).toBeNumber();
void builder.write('order.0/order.placed.0', { data: { orderId: 'o-1', total: 3 } });
void builder.write('free/form', { data: [1, 'two'] });

// Files: the own fields and the file's.
builder.handle('doc/uploaded', (event) => {
  expectTypeOf(event.payload.fileContent).toEqualTypeOf<Blob>();
  expectTypeOf(event.payload.kind).toBeString();
  expectTypeOf(event.payload).toExtend<FileEventFields>();
});
const file = { fileId: 'f-1', fileName: 'a.pdf', fileContent: new Uint8Array(), kind: 'invoice' };
expectTypeOf(builder.write('doc/uploaded', { data: file })).toEqualTypeOf<Promise<string[]>>();
void builder.write('doc/uploaded', { data: file, options: { onProgress: ({ sentBytes }) => sentBytes } });

// @ts-expect-error nobody registered it
builder.handle('order/cancelled', () => {});
// @ts-expect-error nobody registered it
void builder.write('order/cancelled', { data });
// @ts-expect-error nobody registered it
builder.subscribe('order/cancelled', () => {});
// @ts-expect-error nobody registered it
builder.get('order/cancelled');
// @ts-expect-error nobody registered it
builder.onError('order/cancelled', () => {});
// @ts-expect-error it is registered with writable: false
void builder.write('order/imported', { data });
// @ts-expect-error it is registered with writable: false
void builder.write('order/imported', { data: [data], batch: true });
// @ts-expect-error total is a number
void builder.write('order/placed', { data: { ...data, total: '3' } });
// @ts-expect-error total is missing
void builder.write('order/placed', { data: { orderId: 'o-1', at: data.at } });
// @ts-expect-error a batch is a list
void builder.write('order/placed', { data, batch: true });
// @ts-expect-error several events need batch: true
void builder.write('order/placed', { data: [data] });
// @ts-expect-error a file needs its content
void builder.write('doc/uploaded', { data: { fileId: 'f-1', fileName: 'a.pdf', kind: 'invoice' } });
// @ts-expect-error files are written one at a time
void builder.write('doc/uploaded', { data: [file], batch: true });
// @ts-expect-error the schema's own field is missing
void builder.write('doc/uploaded', {
  data: { fileId: 'f-1', fileName: 'a.pdf', fileContent: new Uint8Array() },
});

// The sentence a caller reads when a pathway may not be written.
type WriteInput<TKey extends string> = Parameters<typeof builder.write<TKey & 'order/imported'>>[1];
expectTypeOf<
  WriteInput<'order/imported'>
>().toEqualTypeOf<'The pathway order/imported is registered with writable: false, so it cannot be written here'>();

// A variable keeps the type it was made with: of its pathways the compiler knows nothing, so every key may be named.
const loose = new PathwaysBuilder(options);
loose.register({ flowType: 'order', eventType: 'placed', schema: order });
loose.handle('order/placed', (event) => expectTypeOf(event.payload).toEqualTypeOf<Record<string, unknown>>());
void loose.write('order/placed', { data });
// @ts-expect-error a key has two parts
void loose.write('order', { data });

// A session writes what its builder writes.
const session = new SessionPathwayBuilder(builder, 's-1');
expectTypeOf(session.write('order/placed', { data })).toEqualTypeOf<Promise<string>>();
expectTypeOf(session.write('doc/uploaded', { data: file })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(session.getSessionId()).toBeString();
// @ts-expect-error nobody registered it
void session.write('order/cancelled', { data });
// @ts-expect-error it is registered with writable: false
void session.write('order/imported', { data });

void new PathwayRouter(builder, 'secret').processEvent({}, 'secret');

// What services on the reference client have written fits.
class MyLogger implements Logger {
  debug(message: string, context?: Record<string, unknown>): void {
    void [message, context];
  }
  info(message: string): void {
    void message;
  }
  warn(): void {}
  error(message: string, error?: Error, context?: Record<string, unknown>): void {
    void [message, error, context];
  }
}
void new PathwaysBuilder({ ...options, logger: new MyLogger() });
const factory: PumpStateManagerFactory = (flowType, pumpGroup) => ({
  getState: async () => ({ timeBucket: flowType, eventId: pumpGroup }),
  setState: () => {},
});
const oneArgument: PumpStateManagerFactory = (flowType) => ({
  getState: () => (flowType === '' ? null : undefined),
  setState: async () => {},
});
void builder.startPump({
  stateManagerFactory: factory,
  concurrency: { default: 2, byPumpGroup: { 'a::b': 3 } },
});
void builder.startPump({
  stateManagerFactory: oneArgument,
  notifier: { type: 'poller', pollerIntervalMs: 500 },
});
expectTypeOf(builder.resetPump({ timeBucket: '20260101000000' }, ['order'])).toEqualTypeOf<
  Promise<string[]>
>();
builder.withPathwayState({ isProcessed: () => false, setProcessed: async () => {} });

// @ts-expect-error the platform must be named
void new PathwaysBuilder({ tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' });
// @ts-expect-error no option
void new PathwaysBuilder({ ...options, tenat: 'acme' });
// A key that is rotated while it runs.
void new PathwaysBuilder({ ...options, apiKey: () => 'fc_id_secret' });
void new PathwaysBuilder({ ...options, apiKey: async () => 'fc_id_secret' });
