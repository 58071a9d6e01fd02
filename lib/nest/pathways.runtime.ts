import { runtimeEnvOf } from '../builder/engine.defaults.js';
import type { PathwaysEngineOptions } from '../builder/engine.options.js';
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
    private readonly name: string,
    readonly engine: PathwaysEngine,
    /** Set when this process runs its own platform. */
    private readonly local: { readonly url: string; stop(): Promise<void> } | undefined,
  ) {}

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

  /** Lets events flow and says what runs. */
  async start(): Promise<void> {
    for (const handler of this.engine.handlers.handlers()) this.describeHandler(handler);
    this.describe();
    this.state = 'running';
    await this.engine.start();
  }

  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    await this.engine.stop();
    await this.local?.stop();
  }

  describeHandler({ pathway, where }: HandlerBinding): void {
    const { pumpGroup, subscribe } = this.engine.registry.get(pathway);
    const pulled = subscribe ? `group ${pumpGroup}` : 'not subscribed';
    this.engine.options.logger.info(`${where} handles ${pathway} (${pulled})`);
  }

  private describe(): void {
    const { logger, runtimeEnv, pumpEnabled, pump, store } = this.engine.options;
    const platform = this.local ? `Local Flowcore ${this.local.url}` : this.engine.hosts.ingestion;
    const pumps = pumpEnabled ? `pumps start from ${show(pump.startFrom)}` : 'no pumps';
    const memory = (['state', 'cursors', 'deadLetters'] as const).filter((part) => store[part] === undefined);
    const kept = memory.length > 0 ? `in memory: ${memory.join(', ')}` : 'durable store';
    logger.info(`Instance "${this.name}" (${runtimeEnv}): platform ${platform}, ${pumps}, ${kept}`);
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

function show(position: unknown): string {
  if (position instanceof Date) return position.toISOString();
  return typeof position === 'string' ? position : JSON.stringify(position);
}
