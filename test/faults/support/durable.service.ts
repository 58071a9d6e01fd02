import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import type { Command, DurableOptions, Report } from './durable.messages.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** One process of the service in `durable-app.ts`. */
export class DurableService {
  readonly reports: Report[] = [];
  private readonly exited: Promise<unknown[]>;

  constructor(private readonly child: ChildProcess) {
    this.exited = once(child, 'exit');
    child.on('message', (report: Report) => this.reports.push(report));
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Where its webhook is, once it has started. */
  get webhook(): string | undefined {
    return this.reports.flatMap((each) => (each.kind === 'started' ? [each.webhook] : []))[0];
  }

  logged(level: 'warn' | 'error'): string[] {
    return this.reports.flatMap((each) =>
      each.kind === 'logged' && each.level === level ? [each.message] : [],
    );
  }

  send(command: Command): void {
    this.child.send(command);
  }

  /** What its pump is doing. */
  async pumpState(): Promise<string | undefined> {
    const seen = this.reports.length;
    this.send({ kind: 'look' });
    for (;;) {
      const answer = this.reports.slice(seen).find((report) => report.kind === 'pump');
      if (answer) return answer.state;
      await turn();
    }
  }

  /** After it was stopped by `SIGSTOP`. */
  wake(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to end in order. Returns code and signal. */
  async stop(): Promise<unknown[]> {
    if (this.isRunning) this.send({ kind: 'stop' });
    return this.exited;
  }

  /** Code and signal of an end that comes by itself. */
  end(): Promise<unknown[]> {
    return this.exited;
  }
}

/**
 * Makes processes of the service. Compiled once: a process that is killed fifty times must start faster than it compiles.
 */
export class DurableServices {
  private readonly all: DurableService[] = [];

  private constructor(private readonly folder: string) {}

  static async build(): Promise<DurableServices> {
    const root = here('../../../node_modules/.cache');
    mkdirSync(root, { recursive: true });
    // Inside of node_modules, because the bundle's own imports are looked up from where it lies.
    const folder = mkdtempSync(join(root, 'durable-app-'));
    await build({
      config: false,
      entry: { app: here('./durable-app.ts') },
      outDir: folder,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      dts: false,
      clean: false,
      logLevel: 'silent',
      tsconfig: here('../../../tsconfig.json'),
      deps: { skipNodeModulesBundle: true },
    });
    return new DurableServices(folder);
  }

  /** A process that has loaded everything and waits for `start`. */
  prepare(): DurableService {
    const service = new DurableService(
      fork(join(this.folder, 'app.mjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] }),
    );
    this.all.push(service);
    return service;
  }

  start(options: DurableOptions): DurableService {
    const service = this.prepare();
    service.send({ kind: 'start', options });
    return service;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.all.splice(0).map((service) => service.kill()));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
