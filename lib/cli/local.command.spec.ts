import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

// Every run is a process that compiles TypeScript at its start: on a busy machine several take longer than the default.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Runs the command; resolves at its end. `onOutput` sees the output as it grows. */
function run(
  args: string[],
  onOutput: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => onOutput((stdout += text), (signal) => child.kill(signal)));
  child.stderr.on('data', (text) => (stderr += text));
  return new Promise<{ code: number | string | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal, stdout, stderr }));
  });
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  'starts, says how to use it, and stops cleanly on %s',
  async (signal) => {
    const { code, stdout, stderr } = await run(['local', '--port', '0', '--tenant', 'acme'], (text, kill) => {
      if (text.includes('Ctrl+C')) kill(signal);
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).toContain('PathwaysModule.forRoot(');
    expect(stdout).toContain('new PathwaysBuilder(');
    expect(stdout).toContain('development tool');
    expect(stdout).toContain('stopped');
    expect(code).toBe(0);
  },
);

it('tells in one line that the port is taken', async () => {
  const blocker = createServer();
  const port = await new Promise<number>((resolve) => {
    blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
  });
  const { code, stderr } = await run(['local', '--port', String(port)]);
  blocker.close();
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('choose another port');
});

it('refuses what is no port', async () => {
  const { code, stderr } = await run(['local', '--port', '99999']);
  expect(code).toBe(1);
  expect(stderr).toContain('A port is a number from 0 to 65535');
});
