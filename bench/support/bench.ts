import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectBenchPostgres, type BenchDatabase } from './database.js';
import { startChild } from './child.js';
import { fill } from './fill.js';
import { scaled, type BenchSettings } from './settings.js';
import { CannotRun } from './suite.js';

/** Where the runner's services are; environment of the measuring processes. */
export const ENVIRONMENT = {
  postgres: 'BENCH_POSTGRES',
  localFlowcore: 'BENCH_LOCAL_FLOWCORE',
  scratch: 'BENCH_SCRATCH',
} as const;

/** What the contenders of one process share. */
export class Bench {
  private database: Promise<BenchDatabase> | undefined;
  private readonly ends: (() => unknown)[] = [];

  constructor(private readonly settings: BenchSettings) {}

  /** A database of this process. */
  postgres(): Promise<BenchDatabase> {
    const server = process.env[ENVIRONMENT.postgres];
    if (server === undefined) throw new CannotRun('its suite does not name the service `postgres`');
    this.database ??= connectBenchPostgres(server).then((database) => {
      this.onEnd(() => database.close());
      return database;
    });
    return this.database;
  }

  /** Base URL of the suite's Local Flowcore. */
  get platform(): string {
    const url = process.env[ENVIRONMENT.localFlowcore];
    if (url === undefined) throw new CannotRun('its suite does not name the service `local-flowcore`');
    return url;
  }

  /** Makes sure that the flow type of these events has them on the platform; made once, by whatever process is first. */
  async filled(flowType: string, wanted: number, keyOf?: (n: number) => string): Promise<string> {
    const count = scaled(wanted, this.settings);
    const marker = join(process.env[ENVIRONMENT.scratch] ?? '.', `filled-${flowType}-${count}`);
    if (!existsSync(marker)) {
      await fill(this.platform, flowType, count, keyOf);
      writeFileSync(marker, '');
    }
    return this.platform;
  }

  /** Forks a file of this folder; it ends with this process. */
  async child(file: string, ...parameters: string[]) {
    const child = await startChild(file, ...parameters);
    this.onEnd(() => child.process.disconnect());
    return child;
  }

  /** Called, last first, when the process has measured everything. */
  onEnd(end: () => unknown): void {
    this.ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.ends.reverse()) await end();
  }
}
