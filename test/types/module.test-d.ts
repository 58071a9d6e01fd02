// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import type { DynamicModule } from '@nestjs/common';
import { expectTypeOf } from 'vitest';
import {
  PathwaysModule,
  PathwaysEngine,
  silentLogger,
  systemClock,
  type ApiKeyProvider,
  type CursorStore,
  type PathwayContract,
  type PathwaysEngineOptions,
  type PathwaysModuleOptions,
  type PathwaysOptionsFactory,
  type WebhookOptions,
} from 'nestjs-pathways';
import { OrderExported, OrderPlaced } from './contracts.js';

declare const cursors: CursorStore;

// forRoot: nothing, everything, and nothing else.
expectTypeOf(PathwaysModule.forRoot()).toEqualTypeOf<DynamicModule>();
const options: PathwaysModuleOptions = {
  tenant: 'acme',
  dataCore: 'shop',
  apiKey: 'fc_id_secret',
  baseUrl: 'http://127.0.0.1:1',
  hosts: { ingestion: 'http://127.0.0.1:2' },
  runtimeEnv: 'test',
  store: { cursors },
  pathwayTimeoutMs: 1,
  handlerTimeoutMs: 0,
  shutdownTimeoutMs: 1,
  requestTimeoutMs: 1,
  maxBatchSize: 25,
  pump: {
    autoStart: false,
    concurrency: { default: 1, byFlowType: { 'order.0': 4 }, byPumpGroup: { 'order.0::slow': 2 } },
    startFrom: { timeBucket: '20260501100000' },
    notifier: 'poller',
    bufferSize: 1,
    bufferBytes: 1,
    pollIntervalMs: 1,
    lookBackMs: 1,
    commitIntervalMs: 1,
  },
  logger: silentLogger,
  telemetry: {},
  clock: systemClock,
  webhook: {
    secrets: ['new', 'old'],
    path: 'hooks',
    header: 'x-secret',
    maxBodyBytes: 1,
    maxEvents: 1,
  },
  local: false,
};
PathwaysModule.forRoot({ ...options, name: 'billing', isGlobal: false });
PathwaysModule.forRoot({ pump: false, webhook: false, local: true });
// The API key: a text, or a function that says which one counts now.
const apiKey: ApiKeyProvider = () => 'fc_id_secret';
PathwaysModule.forRoot({ apiKey });
PathwaysModule.forRoot({ apiKey: async () => 'fc_id_secret' });
// @ts-expect-error no key may be missing
PathwaysModule.forRoot({ apiKey: () => process.env['FLOWCORE_API_KEY'] });
// @ts-expect-error neither a text nor a function
PathwaysModule.forRoot({ apiKey: { value: 'fc_id_secret' } });
// A container offers more kinds of user resolvers; all else is the engine's.
expectTypeOf<Omit<PathwaysModuleOptions, 'audit'>>().toExtend<Omit<PathwaysEngineOptions, 'audit'>>();

// @ts-expect-error unknown keys are refused
PathwaysModule.forRoot({ tennant: 'acme' });
// @ts-expect-error unknown keys of the pump are refused
PathwaysModule.forRoot({ pump: { concurency: 4 } });
// @ts-expect-error unknown keys of the webhook are refused
PathwaysModule.forRoot({ webhook: { secrets: 's', secret: 's' } });
// @ts-expect-error unknown parts of the store are refused
PathwaysModule.forRoot({ store: { cursor: cursors } });
// @ts-expect-error a webhook has a secret
PathwaysModule.forRoot({ webhook: { path: 'hooks' } });
// @ts-expect-error "false" from the environment is no boolean
PathwaysModule.forRoot({ isGlobal: 'false' });
// @ts-expect-error text from the environment is no number
PathwaysModule.forRoot({ pathwayTimeoutMs: '1000' });
// @ts-expect-error an environment is one of three
PathwaysModule.forRoot({ runtimeEnv: 'staging' });
// @ts-expect-error true is the default and says nothing about how to pull
PathwaysModule.forRoot({ pump: true });
// @ts-expect-error the engine knows no webhook
export const engineWithWebhook = new PathwaysEngine({ webhook: { secrets: 's' } });

// forRootAsync: three ways, with structure beside them.
class Config {
  readonly tenant: string = 'acme';
}
class Factory implements PathwaysOptionsFactory {
  createPathwaysOptions(): PathwaysModuleOptions {
    return options;
  }
}
expectTypeOf(PathwaysModule.forRootAsync({ useClass: Factory })).toEqualTypeOf<DynamicModule>();
PathwaysModule.forRootAsync({ useExisting: Factory, name: 'billing' });
PathwaysModule.forRootAsync({
  imports: [],
  inject: [Config],
  useFactory: async ({ tenant }: Config) => ({ tenant }),
  store: { cursors },
  webhook: { path: 'hooks' },
  isGlobal: false,
});
// @ts-expect-error options come from the factory, not beside it
PathwaysModule.forRootAsync({ useFactory: () => options, tenant: 'acme' });
// @ts-expect-error secrets come from the factory, the path stands beside it
PathwaysModule.forRootAsync({ useFactory: () => options, webhook: { path: 'hooks', secrets: 's' } });
// @ts-expect-error a factory makes options
PathwaysModule.forRootAsync({ useFactory: () => 'acme' });
// @ts-expect-error what a factory makes has the right kinds
PathwaysModule.forRootAsync({ useFactory: () => ({ tenant: 5 }) });
// @ts-expect-error the class makes no options
PathwaysModule.forRootAsync({ useClass: Config });
expectTypeOf<PathwaysOptionsFactory['createPathwaysOptions']>().returns.toEqualTypeOf<
  PathwaysModuleOptions | Promise<PathwaysModuleOptions>
>();

// forFeature.
expectTypeOf(PathwaysModule.forFeature([OrderPlaced, OrderExported])).toEqualTypeOf<DynamicModule>();
PathwaysModule.forFeature([], { name: 'billing' });
// @ts-expect-error contracts are classes
PathwaysModule.forFeature(['order.0/order.placed.0']);
// @ts-expect-error a list, even for one
PathwaysModule.forFeature(OrderPlaced);
// @ts-expect-error unknown keys are refused
PathwaysModule.forFeature([OrderPlaced], { instance: 'billing' });

expectTypeOf<WebhookOptions['secrets']>().toEqualTypeOf<string | string[]>();
declare const contract: PathwayContract;
expectTypeOf<PathwaysEngine['addContract']>().toBeCallableWith(contract, OrderPlaced);
