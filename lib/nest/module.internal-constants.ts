/** Marks every `forRoot`, so that a second one for the same name is noticed. */
export const INSTANCE_MARKER = Symbol('nestjs-pathways:instance');
/** Carries the classes of every `forFeature`. */
export const FEATURE = Symbol('nestjs-pathways:feature');
/** Marks the method that takes deliveries, with the token of its webhook. */
export const WEBHOOK_ROUTE = 'nestjs-pathways:webhook-route';

export const runtimeToken = (name: string): string => `PathwaysRuntime(${name})`;
export const registrationToken = (name: string): string => `PathwaysRegistration(${name})`;
export const registrationDependenciesToken = (name: string): string =>
  `PathwaysRegistrationDependencies(${name})`;
export const lifecycleToken = (name: string): string => `PathwaysLifecycle(${name})`;
export const webhookToken = (name: string): string => `PathwaysWebhook(${name})`;
