// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  type ControlPlaneOptions,
  type ManagedDeliveryOptions,
  type PathwayProvisioner,
  type PathwaySizeClass,
  PathwaysModule,
  type ProvisioningOptions,
  ProvisioningFailedError,
  type ProvisioningState,
  type ProvisioningStep,
} from 'nestjs-pathways';

PathwaysModule.forRoot({
  pathwayMode: 'virtual',
  startupFailure: 'throw',
  autoProvision: { dataCore: false, pathway: true },
  dataCoreAccessControl: 'public',
  provisionFailure: { check: 'throw' },
  provisionRetry: { maxAttempts: 5 },
});
PathwaysModule.forRoot({ autoProvision: false, provisionFailure: 'continue' });
// @ts-expect-error a stage that does not exist
PathwaysModule.forRoot({ autoProvision: { tenant: true } });
// @ts-expect-error a policy that does not exist
PathwaysModule.forRoot({ provisionFailure: 'retry' });
// @ts-expect-error a mode that does not exist
PathwaysModule.forRoot({ pathwayMode: 'cluster' });

declare const provisioner: PathwayProvisioner;
expectTypeOf(provisioner.plan()).resolves.toEqualTypeOf<ProvisioningStep[]>();
expectTypeOf(provisioner.provision()).resolves.toEqualTypeOf<void>();
void provisioner.provision({ autoProvision: { eventType: false } });
// @ts-expect-error unknown keys would mean everything
void provisioner.provision({ eventType: false });
expectTypeOf(provisioner.state).toEqualTypeOf<ProvisioningState>();
expectTypeOf<ProvisioningStep['action']>().toEqualTypeOf<
  'exists' | 'create' | 'describe' | 'update' | 'missing'
>();
expectTypeOf<ProvisioningOptions['provisionConcurrency']>().toEqualTypeOf<number | undefined>();
expectTypeOf<ProvisioningFailedError['problems'][number]['resource']>().toEqualTypeOf<string>();

PathwaysModule.forRoot({
  autoProvision: { pathway: true },
  pathwayName: 'orders',
  pathwayLabels: { team: 'blue' },
  managedConfig: {
    endpointUrl: 'https://orders.example/',
    authHeaders: { 'x-secret': 's' },
    sizeClass: 'high',
  },
  pulseUrl: 'https://control.example',
  pulseIntervalMs: 1_000,
  commandPollingIntervalMs: 1_000,
});
// @ts-expect-error managed delivery goes somewhere
PathwaysModule.forRoot({ managedConfig: { sizeClass: 'small' } });
// @ts-expect-error a size that does not exist
PathwaysModule.forRoot({ managedConfig: { endpointUrl: 'https://orders.example/', sizeClass: 'huge' } });

expectTypeOf<ControlPlaneOptions['managedConfig']>().toEqualTypeOf<ManagedDeliveryOptions | undefined>();
expectTypeOf<PathwaySizeClass>().toEqualTypeOf<'small' | 'medium' | 'high'>();
