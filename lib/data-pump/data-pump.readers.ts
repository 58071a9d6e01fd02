import type { ApiKeyCredential } from '../platform/api-key.credential.js';
import { Authorization } from '../platform/authorization.js';
import { credentialFor } from '../platform/platform-failure.util.js';
import type {
  CreatePumpReader,
  PumpReader,
  PumpReaderContext,
  PumpReaderFactory,
  PumpReaders,
  ReaderPlatform,
} from '../pump/pump-reader.interface.js';
import type {
  DataPumpConfiguration,
  DataPumpLogger,
  DataPumpPackage,
  DataPumpState,
} from './data-pump-package.interface.js';
import {
  assertDataPumpOptions,
  resolveDataPumpOptions,
  type DataPumpOptions,
  type ResolvedDataPumpOptions,
} from './data-pump.options.js';
import { DataPumpReader } from './data-pump.reader.js';
import { importDataPump, loadDataPump } from './load-data-pump.js';

/**
 * Has the published `@flowcore/data-pump` read the events, for `pump.reader`. Cursors, leases, order, retries and dead
 * letters stay those of this library; what the package does not hand out cannot be handled (docs/data-pump.md).
 *
 * @throws PathwaysConfigurationError listing every problem of the options. The engine that uses it throws it too where the
 * package cannot read the platform, and its start rejects with OptionalPackageMissingError when the package is not
 * installed.
 */
export function dataPump(options: DataPumpOptions = {}): PumpReaderFactory {
  assertDataPumpOptions(options);
  const load = options.load ?? (() => importDataPump());
  return {
    createReaders: (platform) =>
      new DataPumpReaders(platform, resolveDataPumpOptions(options, platform), load),
  };
}

const KEEPS_LESS =
  'Events are read with @flowcore/data-pump. Handlers run as without it, with concurrency and order as configured. But an event that is stored late or backdated, behind what was read already, is not found without a reset, and one whose payload is no object stops its pump. See docs/data-pump.md of nestjs-pathways.';

/** The package keeps the key it was made with; a function for it is waited for this long, every time one is made. */
const KEY_TIMEOUT_MS = 10_000;

class DataPumpReaders implements PumpReaders {
  private readonly authorization: Authorization;

  constructor(
    private readonly platform: ReaderPlatform,
    private readonly options: ResolvedDataPumpOptions,
    private readonly load: () => Promise<unknown>,
  ) {
    const { apiKey, clock } = platform;
    this.authorization = new Authorization(apiKey, { clock, timeoutMs: KEY_TIMEOUT_MS });
  }

  async open(): Promise<CreatePumpReader> {
    const dataPumps = await loadDataPump(this.load);
    this.platform.logger.warn(KEEPS_LESS);
    return (context) => this.createReader(dataPumps, context);
  }

  private createReader({ FlowcoreDataPump }: DataPumpPackage, context: PumpReaderContext): PumpReader {
    const { redact } = this.authorization;
    const logger = this.loggerOf(context);
    return new DataPumpReader({
      ...context,
      redact,
      create: (eventTypes, state) => {
        const make = (credential: ApiKeyCredential) =>
          FlowcoreDataPump.create({
            ...this.configurationOf(context, credential, eventTypes, state),
            logger,
          });
        const { eventSource } = this.platform.hosts;
        return credentialFor('A pump of @flowcore/data-pump', eventSource, this.authorization).then(make);
      },
    });
  }

  private configurationOf(
    { id, options }: PumpReaderContext,
    { bare: apiKey, keyId }: ApiKeyCredential,
    eventTypes: readonly string[],
    state: () => DataPumpState,
  ): Omit<DataPumpConfiguration, 'logger'> {
    const { notifier, directMode, baseUrlOverride } = this.options;
    const { tenant, dataCore, flowType } = id;
    return {
      auth: { apiKey, ...(keyId !== undefined && { apiKeyId: keyId }) },
      dataSource: { tenant, dataCore, flowType, eventTypes },
      // Its own position is of no use: it may name an event that is not finished (protocol §14.2, D1).
      stateManager: { getState: state, setState: () => undefined },
      notifier,
      bufferSize: options.bufferSize,
      // What it drops would be lost; how often an event is tried is decided where it is handled.
      maxRedeliveryCount: -1,
      directMode,
      ...(baseUrlOverride !== undefined && { baseUrlOverride }),
    };
  }

  private loggerOf({ pumpKey, onFailure }: PumpReaderContext): DataPumpLogger {
    const { logger } = this.platform;
    const { redact } = this.authorization;
    const say = (level: 'debug' | 'warn') => (message: string) =>
      logger[level](`Pump ${pumpKey}: @flowcore/data-pump: ${redact(String(message))}`);
    return {
      debug: say('debug'),
      info: say('debug'),
      warn: say('warn'),
      // To the status too: it goes on by itself after most of them, and nobody else would hear of it.
      error: (message) => {
        const text = message instanceof Error ? message.message : String(message);
        onFailure(new Error(`@flowcore/data-pump: ${redact(text)}`));
      },
    };
  }
}
