import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The sample as a process: what it printed, where it listens, how it ended. */
export class SampleProcess {
  output = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly child: ChildProcess;
  private onOutput = () => {};

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PORT: '0', DATABASE_URL: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as a terminal gives to what it starts.
      detached: true,
    });
    const keep = (text: Buffer) => {
      this.output += text.toString();
      this.onOutput();
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.onOutput();
      return { code, signal };
    });
  }

  /** What it prints, as soon as it does. Asking over and over would take the time it needs to start. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const [text, part] = pattern.exec(this.output) ?? [];
      if (text !== undefined) return part ?? text;
      if (this.hasEnded) throw new Error(`It ended without printing ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => (this.onOutput = resolve));
    }
  }

  /** Its address, as soon as it listens. */
  url(): Promise<string> {
    return this.printed(/Running on (\S+);/);
  }

  /** To the whole group, as Ctrl-C does. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, signal);
  }

  kill(): void {
    if (!this.hasEnded) this.signalGroup('SIGKILL');
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
