import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { PART_BYTES } from './support.js';

const MEGABYTE = 1024 * 1024;
const BYTES = 100 * MEGABYTE;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts one of the scripts beside this one. It ends with this process, and by itself. */
function start(script: string, args: readonly string[] = []): ChildProcess {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    execArgv: ['--import', 'tsx', '--expose-gc'],
    timeout: 85_000,
    killSignal: 'SIGKILL',
  });
  children.push(child);
  return child;
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The process ended with ${String(code)} before it answered`);
  });
  const [answer] = await Promise.race([once(child, 'message'), ended]);
  return answer as T;
}

// A copy of the file would be 100 MB more. What is allowed is garbage that nobody has collected yet.
it.each(['stream', 'buffer'])(
  'a file of 100 MB is not copied into memory while it is uploaded from a %s',
  async (kind) => {
    const url = await answerOf<string>(start('platform.child.ts'));
    const child = start('upload-memory.child.ts', [url, kind, String(BYTES)]);
    const { grownBy, parts } = await answerOf<{ grownBy: number; parts: number }>(child);
    expect(parts).toBe(Math.ceil(BYTES / PART_BYTES));
    expect(grownBy / MEGABYTE).toBeLessThan(80);
  },
  90_000,
);
