/**
 * A small process between us and the server, because the server would outlive us otherwise: a test run that is killed
 * must not leave a database behind. It holds one end of a pipe. The operating system closes our end however we end;
 * then the supervisor stops the server and deletes what is temporary.
 *
 *   running ──(pipe closed, SIGTERM, SIGINT)──▶ stopping ──(server gone)──▶ cleans up, ends with the server's code
 *                                                  └─(stopTimeoutMs)─▶ kills the server
 *      └──(server ends by itself)──────────────────────────────────────▶ ends with the server's code
 *
 * It has a session of its own: Ctrl-C in a terminal goes to every process of the foreground, and would stop the database
 * under an application that is still saving its work.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { serverEnvironment } from './server-environment.util.js';
import type { ServerAccount } from './postgres.account.js';

export interface SupervisorPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly account: ServerAccount | undefined;
  readonly stopTimeoutMs: number;
  /** Folders to delete after a stop. */
  readonly remove: readonly string[];
}

/**
 * Text, not a file: the package exists as ESM, as CommonJS and, in our own tests, as TypeScript, and only text can be
 * run the same way from all of them.
 */
const SCRIPT = `
const { spawn } = require('node:child_process');
const { rmSync } = require('node:fs');
const plan = JSON.parse(process.argv[1]);
let stopping = false;
// Our parent may be gone: nobody reads what we say, and that must not end us before the server.
process.stderr.on('error', () => {});

const server = spawn(plan.command, plan.args, {
  cwd: plan.cwd, ...plan.account, stdio: ['ignore', 'ignore', 'inherit'], windowsHide: true,
});
server.once('error', (error) => { console.error('FATAL:  ' + error.message); finish(1); });
server.once('exit', (code) => finish(code ?? 1));

function stop() {
  if (stopping) return;
  stopping = true;
  server.kill('SIGINT');
  setTimeout(() => server.kill('SIGKILL'), plan.stopTimeoutMs);
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
process.stdin.on('end', stop).on('error', stop).resume();

function finish(code) {
  // A server that ended by itself may be started again on them; whoever started us sees that and decides.
  for (const folder of stopping ? plan.remove : []) {
    // A killed server's own processes may still be closing files.
    try { rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }); } catch {}
  }
  process.exit(code);
}
`;

/** Most log lines to keep for the message of a failed start. */
const KEPT_LINES = 20;

export class SupervisedServer {
  /** Resolves when server and supervisor are gone. Never rejects. */
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  private readonly listeners = new Set<(line: string) => void>();

  constructor(plan: SupervisorPlan) {
    this.child = spawn(process.execPath, ['--input-type=commonjs', '--eval', SCRIPT, JSON.stringify(plan)], {
      env: serverEnvironment(),
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    this.exited = new Promise((resolve) => {
      // `close` comes after the last line, when the server has let go of the pipe too.
      this.child.once('close', () => resolve());
      // The process could not be made: then there is no `close`.
      this.child.once('error', (error) => {
        this.lines.push(`FATAL:  ${error.message}`);
        resolve();
      });
    });
    this.child.stdin?.on('error', () => undefined);
    this.readLines(this.child.stderr);
  }

  /** The newest lines of the server's log. */
  get log(): string {
    return this.lines.join('\n');
  }

  onLine(listener: (line: string) => void): void {
    this.listeners.add(listener);
  }

  /** Names the server's process: if somebody kills the supervisor, the server is stopped from here. */
  adopt(serverPid: number): void {
    this.child.once('exit', (_code, signal) => {
      if (signal === null) return;
      try {
        process.kill(serverPid, 'SIGINT');
      } catch {
        // It is gone as well.
      }
    });
  }

  /** Lets this process end although the server runs; the supervisor stops it then. */
  unref(): void {
    this.setRef('unref');
  }

  async stop(): Promise<void> {
    this.setRef('ref');
    this.child.stdin?.end();
    await this.exited;
  }

  private setRef(method: 'ref' | 'unref'): void {
    this.child[method]();
    // Pipes of a child are sockets, which their declared types do not say.
    for (const pipe of [this.child.stdin, this.child.stderr]) {
      (pipe as { ref?(): void; unref?(): void } | null)?.[method]?.();
    }
  }

  private readLines(stream: Readable | null): void {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        this.lines.push(line);
        if (this.lines.length > KEPT_LINES) this.lines.shift();
        for (const listener of this.listeners) listener(line);
      }
    });
  }
}
