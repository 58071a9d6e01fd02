// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  Pathway,
  PathwaysModule,
  type EncryptionOptions,
  type KeyProvider,
  type PathwayContract,
  type PathwaysModuleOptions,
  type PayloadUndecryptableError,
} from 'nestjs-pathways';

declare const provider: KeyProvider;

PathwaysModule.forRoot({ encryption: { key: 'secret', keyId: 'v1', mode: 'symmetric' } });
PathwaysModule.forRoot({ encryption: { keyring: { activeKeyId: 'v2', keys: { v1: 'a', v2: 'b' } } } });
PathwaysModule.forRoot({
  encryption: { keyring: { activeKeyId: 'v2', resolveKey: (id) => process.env[id] } },
});
PathwaysModule.forRoot({ encryption: { provider, keyLifetimeMs: 1, keyTimeoutMs: 1, allowPlaintext: true } });
PathwaysModule.forRoot({ logPayloads: true, redact: ['email'] });
expectTypeOf<PathwaysModuleOptions['encryption']>().toEqualTypeOf<EncryptionOptions | undefined>();
expectTypeOf<PathwayContract['encrypted']>().toEqualTypeOf<boolean>();
expectTypeOf<PayloadUndecryptableError['keyId']>().toEqualTypeOf<string | undefined>();
// At once or later: both are providers.
expectTypeOf<{
  activeKey(): { id: string; secret: string };
  key(): Promise<string | undefined>;
}>().toExtend<KeyProvider>();

// @ts-expect-error there is one scheme
PathwaysModule.forRoot({ encryption: { mode: 'aes' } });
// @ts-expect-error a keyring says which key to write with
PathwaysModule.forRoot({ encryption: { keyring: { keys: { v1: 'a' } } } });
// @ts-expect-error an asynchronous source of keys is a provider
PathwaysModule.forRoot({ encryption: { keyring: { activeKeyId: 'v1', resolveKey: async () => 'a' } } });
// @ts-expect-error unknown keys are refused
PathwaysModule.forRoot({ encryption: { keyID: 'v1' } });
// @ts-expect-error metadata keys are a list
PathwaysModule.forRoot({ redact: 'email' });

@Pathway({ flowType: 'order.0', eventType: 'order.sealed.0', encrypted: true })
export class Sealed {
  orderId!: string;
}
// @ts-expect-error "true" from the environment is no boolean
@Pathway({ flowType: 'order.0', eventType: 'order.sealed.0', encrypted: 'true' })
export class NotSealed {
  orderId!: string;
}
