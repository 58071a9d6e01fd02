import { builderStartedError } from './nest.messages.js';
import { runtimeEnvOf } from '../builder/engine.defaults.js';
import type { PathwaysEngineOptions } from '../builder/engine.options.js';
import type { HostedBuilder } from '../builder/pathways-builder.js';
import { PathwaysEngine } from '../builder/pathways-engine.js';
import type { HandlerBinding } from '../processor/handler-binding.interface.js';

/** Settings of an in-process Local Flowcore. */
export interface LocalPlatformOptions {
  /**
   * Port on loopback; 0 picks a free one.
   *
   * @default 0
   */
  port?: number;
  /**
   * Folder of the event log. Needs the package `libsql`.
   *
   * @default memory: events are gone with the process
   */
  data?: string;
  /**
   * `true` refuses writes to names that were not created before.
   *
   * @default false
   */
  strict?: boolean;
}

/** An engine of one instance, and the Local Flowcore that was started for it. */
export class PathwaysRuntime {
  private state: 'created' | 'running' | 'stopped' = 'created';

  private constructor(
    name: string,
    readonly engine: PathwaysEngine,
    /** Set when this process runs its own platform. */
    private readonly local: { readonly url: string; stop(): Promise<void> } | undefined,
    /** Set when the engine is a builder's, which starts and closes it. */
    private readonly builder?: HostedBuilder,
  ) {
    const platform = local && `Local Flowcore ${local.url}`;
    engine.introduceAs({ name: `Instance "${name}"`, platform });
  }

  /** The engine of a builder that was made elsewhere. @throws PathwaysConfigurationError, OptionalPackageMissingError */
  static async host(name: string, builder: HostedBuilder): Promise<PathwaysRuntime> {
    if (builder.isStarted) throw builderStartedError();
    return new PathwaysRuntime(name, await builder.engine(), undefined, builder);
  }

  /** @throws PathwaysConfigurationError, LocalFlowcoreStartError */
  static async create(
    name: string,
    options: PathwaysEngineOptions,
    local: boolean | LocalPlatformOptions | undefined,
  ): Promise<PathwaysRuntime> {
    if (!wantsLocal(options, local)) return new PathwaysRuntime(name, new PathwaysEngine(options), undefined);
    const { startLocalFlowcore } = await import('../local/index.js');
    const platform = await startLocalFlowcore(typeof local === 'object' ? local : {});
    try {
      const pump = options.pump === false ? false : { startFrom: 'beginning' as const, ...options.pump };
      const engine = new PathwaysEngine({ ...options, baseUrl: platform.url, pump });
      return new PathwaysRuntime(name, engine, platform);
    } catch (error) {
      // Its port would stay open behind a refused configuration.
      await platform.stop();
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** Lets events flow and says what runs here; the engine says how. */
  async start(): Promise<void> {
    if (this.builder?.isStarted) throw builderStartedError();
    for (const handler of this.engine.handlers.handlers()) this.describeHandler(handler);
    this.state = 'running';
    await (this.builder ? this.builder.startPump() : this.engine.start());
  }

  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    await (this.builder ? this.builder.close() : this.engine.stop());
    await this.local?.stop();
  }

  describeHandler({ pathway, where }: HandlerBinding): void {
    const { pumpGroup, subscribe } = this.engine.registry.get(pathway);
    const pulled = subscribe ? `group ${pumpGroup}` : 'not subscribed';
    this.engine.options.logger.info(`${where} handles ${pathway} (${pulled})`);
  }
}

function wantsLocal(
  options: PathwaysEngineOptions,
  local: boolean | LocalPlatformOptions | undefined,
): boolean {
  if (local !== undefined) return local !== false;
  const namesPlatform = [options.baseUrl, options.hosts, options.apiKey].some((given) => given !== undefined);
  const runtimeEnv = options.runtimeEnv ?? runtimeEnvOf(process.env['NODE_ENV']);
  return !namesPlatform && runtimeEnv !== 'production';
}
