import { PathwaysEngine } from '../builder/pathways-engine.js';
import { runtimeEnvOf } from '../builder/engine.defaults.js';
import type { PathwaysEngineOptions } from '../builder/engine.options.js';

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

/** An engine, and the Local Flowcore that was started for it. */
export class PathwaysRuntime {
  private constructor(
    readonly engine: PathwaysEngine,
    /** Set when this process runs its own platform. */
    readonly localUrl: string | undefined,
    private readonly stopLocal: () => Promise<void>,
  ) {}

  /** @throws PathwaysConfigurationError, LocalFlowcoreStartError */
  static async create(
    options: PathwaysEngineOptions,
    local: boolean | LocalPlatformOptions | undefined,
  ): Promise<PathwaysRuntime> {
    const runtimeEnv = options.runtimeEnv ?? runtimeEnvOf(process.env['NODE_ENV']);
    const namesNoPlatform = [options.baseUrl, options.hosts, options.apiKey].every(
      (given) => given === undefined,
    );
    const wantsLocal = local === undefined ? namesNoPlatform && runtimeEnv !== 'production' : local !== false;
    if (!wantsLocal) return new PathwaysRuntime(new PathwaysEngine(options), undefined, async () => {});

    // Checked before anything is started: a port would stay open behind a refused configuration.
    const check = new PathwaysEngine(options);
    await check.stop();
    const { startLocalFlowcore } = await import('../local/index.js');
    const platform = await startLocalFlowcore(typeof local === 'object' ? local : {});
    const pump = options.pump === false ? false : { startFrom: 'beginning' as const, ...options.pump };
    const engine = new PathwaysEngine({ ...options, baseUrl: platform.url, pump });
    return new PathwaysRuntime(engine, platform.url, () => platform.stop());
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    await this.stopLocal();
  }
}
