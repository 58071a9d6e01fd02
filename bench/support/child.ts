import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of its own, and the first thing it said. */
export interface Child {
  readonly answer: string;
  readonly process: ChildProcess;
  /** Sends a message and resolves with the next one that comes back. */
  ask<T>(question: object): Promise<T>;
}

/** Forks a file of this folder; it sends one message when it is ready, and ends when its parent does. */
export async function startChild(file: string, ...parameters: string[]): Promise<Child> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, parameters, { execArgv: [] });
  const next = async () => {
    const [answer] = (await Promise.race([once(child, 'message'), failWith(child, file)])) as [unknown];
    return answer;
  };
  const answer = (await next()) as string;
  return {
    answer,
    process: child,
    async ask<T>(question: object): Promise<T> {
      child.send(question);
      return (await next()) as T;
    },
  };
}

async function failWith(child: ChildProcess, file: string): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`${file} ended with ${code} before it answered`);
}
