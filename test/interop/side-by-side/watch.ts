import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import type { Bench } from './bench.js';

/** What would have ended the process while work ran. */
export async function uncaughtIn(work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const listener = (error: unknown) => void seen.push(String(error));
  const names = ['uncaughtException', 'unhandledRejection'] as const;
  const before = names.map((name) => [name, process.rawListeners(name)] as const);
  for (const name of names) process.removeAllListeners(name).on(name, listener);
  try {
    await work();
    // Behind every timer of no delay that the work has started: that is where the reference throws.
    await new Promise((resume) => setTimeout(resume, 1));
  } finally {
    for (const [name, listeners] of before) {
      process.removeAllListeners(name);
      for (const each of listeners) process.on(name, each as (error: unknown) => void);
    }
  }
  return seen;
}

/** Delays between the bounds that timers are started with from now on, in order. */
export function timersOf(bench: Bench, atLeast: number, atMost: number): number[] {
  const delays: number[] = [];
  const real = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((
    callback: () => void,
    delay = 0,
    ...more: unknown[]
  ) => {
    if (delay >= atLeast && delay <= atMost) delays.push(delay);
    return real(callback, delay, ...(more as []));
  }) as typeof setTimeout);
  bench.atEnd(() => spy.mockRestore());
  return delays;
}

/** The time of a case that needs no network: it passes only when the case says so. */
export function timeOf(bench: Bench): { pass(milliseconds: number): Promise<unknown> } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  bench.atEnd(() => vi.useRealTimers());
  return { pass: (milliseconds) => vi.advanceTimersByTimeAsync(milliseconds) };
}

/** The end of work whose waits take no time. */
export async function hurried<T>(bench: Bench, work: () => Promise<T>): Promise<T> {
  const time = timeOf(bench);
  const progress = { isOver: false };
  const working = work().finally(() => (progress.isOver = true));
  while (!progress.isOver) await time.pass(100);
  return working;
}

/** A gateway before Local Flowcore that remembers the headers of every request. */
export async function gatewayOf(bench: Bench): Promise<{ url: string; headers: IncomingHttpHeaders[] }> {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((incoming, outgoing) => {
    headers.push(incoming.headers);
    const { method, url } = incoming;
    const onward = request(bench.local.url + url, { method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resume) => server.listen(0, '127.0.0.1', resume));
  bench.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, headers };
}
