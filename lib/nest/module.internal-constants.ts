/** Marks every `forRoot`, so that a second one for the same name is noticed. */
export const INSTANCE_MARKER = Symbol('nestjs-pathways:instance');
/** Carries the classes of every `forFeature`. */
export const FEATURE = Symbol('nestjs-pathways:feature');

export const optionsToken = (name: string): string => `PathwaysOptions(${name})`;
export const runtimeToken = (name: string): string => `PathwaysRuntime(${name})`;
export const orchestratorToken = (name: string): string => `PathwaysOrchestrator(${name})`;
export const routerToken = (name: string): string => `PathwayRouter(${name})`;
