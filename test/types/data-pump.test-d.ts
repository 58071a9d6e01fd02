// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import { PathwaysModule, type PumpOptions, type PumpReaderFactory } from 'nestjs-pathways';
import { dataPump, type DataPumpNotifier, type DataPumpOptions } from 'nestjs-pathways/data-pump';

expectTypeOf(dataPump()).toEqualTypeOf<PumpReaderFactory>();
expectTypeOf<PumpOptions['reader']>().toEqualTypeOf<PumpReaderFactory | undefined>();
expectTypeOf<DataPumpOptions['notifier']>().toEqualTypeOf<DataPumpNotifier | undefined>();
PathwaysModule.forRoot({ pump: { reader: dataPump(), concurrency: 4, startFrom: 'beginning' } });
dataPump({ notifier: { type: 'nats', servers: ['a:4222'] }, directMode: true });
dataPump({ notifier: { type: 'poller', intervalMs: 500 }, load: () => import('node:fs') });
// @ts-expect-error the package calls it intervalMs
dataPump({ notifier: { type: 'poller', pollerIntervalMs: 500 } });
// @ts-expect-error unknown keys are refused
dataPump({ bufferSize: 10 });
// @ts-expect-error a package is loaded, not handed over
dataPump({ load: { FlowcoreDataPump: {} } });
// @ts-expect-error a notifier is no reader
PathwaysModule.forRoot({ pump: { reader: { type: 'poller' } } });
