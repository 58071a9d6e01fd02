// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { Registry } from 'prom-client';
import { expectTypeOf } from 'vitest';
import {
  PathwaysModule,
  type ObservedPump,
  type PathwaysEngineOptions,
  type PumpStatus,
  type Telemetry,
  type TelemetryFactory,
} from 'nestjs-pathways';
import { prometheusTelemetry, type PrometheusTelemetryOptions } from 'nestjs-pathways/metrics';

const registry = new Registry();

expectTypeOf(prometheusTelemetry({ registry })).toEqualTypeOf<TelemetryFactory>();
const options: PrometheusTelemetryOptions = { registry, handlerDurationBuckets: [0.1, 1, 10] };
void PathwaysModule.forRoot({ telemetry: prometheusTelemetry(options) });
void PathwaysModule.forRootAsync({ useFactory: () => ({ telemetry: prometheusTelemetry(options) }) });
expectTypeOf<PathwaysEngineOptions['telemetry']>().toEqualTypeOf<Telemetry | TelemetryFactory | undefined>();

// @ts-expect-error the registry is never chosen for the user
prometheusTelemetry({});
// @ts-expect-error unknown keys are refused
prometheusTelemetry({ registry, prefix: 'shop' });
// @ts-expect-error bounds are numbers of seconds
prometheusTelemetry({ registry, handlerDurationBuckets: ['1s'] });

// A telemetry of one's own may do as little as it likes.
const counting: Telemetry = {
  deadLettered: (pathway, reason) => {
    expectTypeOf(pathway).toEqualTypeOf<`${string}/${string}`>();
    expectTypeOf(reason).toEqualTypeOf<'failed' | 'invalid' | 'parked'>();
  },
  observePumps: (pumps) => {
    expectTypeOf(pumps()).toEqualTypeOf<readonly ObservedPump[]>();
  },
};
void PathwaysModule.forRoot({ telemetry: counting });
expectTypeOf<PumpStatus>().toExtend<ObservedPump>();
// @ts-expect-error there is no such report
void PathwaysModule.forRoot({ telemetry: { eventFinishd: () => {} } });
