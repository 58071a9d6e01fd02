import * as reference from '@flowcore/pathways';
import * as ours from 'nestjs-pathways/builder';
import type { FlowcoreEvent } from 'nestjs-pathways/builder';

/** An event as a case looks at it: what is in its payload is the case's own affair. */
export type SeenEvent = FlowcoreEvent<Record<string, unknown>>;

/** What both builders can do, without the types that each of them adds. */
export interface SideBuilder {
  register(options: Record<string, unknown>): SideBuilder;
  handle(key: string, handler: (event: SeenEvent, ...more: unknown[]) => unknown): SideBuilder;
  subscribe(
    key: string,
    observer: (event: SeenEvent, ...more: unknown[]) => unknown,
    stage?: string,
  ): SideBuilder;
  onError(
    key: string,
    listener: (error: Error, event: SeenEvent, ...more: unknown[]) => unknown,
  ): SideBuilder;
  onAnyError(
    listener: (error: Error, event: SeenEvent, pathway: string, ...more: unknown[]) => unknown,
  ): SideBuilder;
  withAudit(handler: (pathway: string, event: SeenEvent) => unknown): SideBuilder;
  withUserResolver(resolver: () => unknown): SideBuilder;
  withSessionUserResolver(sessionId: string, resolver: () => unknown): SideBuilder;
  getSessionUserResolver(sessionId: string): unknown;
  withPathwayState(state: SideState): SideBuilder;
  write(key: string, input: Record<string, unknown>): Promise<unknown>;
  process(key: string, event: SeenEvent): Promise<void>;
  get(key: string): unknown;
  /** Ours alone has connections to close. */
  close?(): Promise<void>;
}

/** What both session builders can do. */
interface SideSession {
  getSessionId(): string;
  withUserResolver(resolver: () => unknown): SideSession;
  write(key: string, input: Record<string, unknown>): Promise<unknown>;
}

/** What both routers can do. */
interface SideRouter {
  processEvent(event: unknown, secret: unknown): Promise<unknown>;
}

/** A state of either side, or one of a case's own. */
interface SideState {
  isProcessed(eventId: string): unknown;
  setProcessed(eventId: string): unknown;
}

/** A logger as both take it. */
export interface SideLogger {
  debug(message: string, context?: unknown): void;
  info(message: string, context?: unknown): void;
  warn(message: string, context?: unknown): void;
  error(message: string, error?: unknown, context?: unknown): void;
}

/** One of the two libraries. */
export interface Side {
  readonly name: 'reference' | 'ours';
  builder(options: Record<string, unknown>): SideBuilder;
  session(builder: SideBuilder, sessionId?: string): SideSession;
  router(builder: SideBuilder, secret: string): SideRouter;
  internalState(): SideState;
  postgresState(options: Record<string, unknown>): SideState & { close(): Promise<void> };
  consoleLogger(): SideLogger;
  noopLogger(): SideLogger;
}

export const REFERENCE: Side = {
  name: 'reference',
  builder: (options) => new reference.PathwaysBuilder(options as never) as never,
  session: (builder, ...id) => new reference.SessionPathwayBuilder(builder as never, ...id) as never,
  router: (builder, secret) => new reference.PathwayRouter(builder as never, secret) as never,
  internalState: () => new reference.InternalPathwayState(),
  postgresState: (options) => reference.createPostgresPathwayState(options as never),
  consoleLogger: () => new reference.ConsoleLogger() as never,
  noopLogger: () => new reference.NoopLogger() as never,
};

export const OURS: Side = {
  name: 'ours',
  builder: (options) => new ours.PathwaysBuilder({ runtimeEnv: 'development', ...options } as never) as never,
  session: (builder, ...id) => new ours.SessionPathwayBuilder(builder as never, ...id) as never,
  router: (builder, secret) => new ours.PathwayRouter(builder as never, secret),
  internalState: () => new ours.InternalPathwayState(),
  postgresState: (options) => ours.createPostgresPathwayState(options as never),
  consoleLogger: () => new ours.ConsoleLogger() as never,
  noopLogger: () => new ours.NoopLogger(),
};
