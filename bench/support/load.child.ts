/** Posts events to a webhook with autocannon, from a process of its own; every body has an id of its own. */
import autocannon, { type Options } from 'autocannon';
import { EventMaker } from './events.js';
import { quantile } from './statistics.js';

/** What the load is asked for. */
export interface LoadOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly count: number;
  readonly connections: number;
}

/** What became of it. Milliseconds. */
export interface LoadAnswer {
  readonly sent: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const maker = new EventMaker([{ flowType: 'bench.0', eventType: 'done.0' }]);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: LoadOrder) => {
  void load(order).then((answer) => process.send?.(answer));
});
process.send?.('ready');

async function load({ url, headers, count, connections }: LoadOrder): Promise<LoadAnswer> {
  const bodies = maker.next(count).map((event) => JSON.stringify(event));
  let next = 0;
  const times: number[] = [];
  let failed = 0;
  // Counted here: autocannon itself only looks once in a second whether it is through.
  let resolve = () => {};
  const through = new Promise<void>((done) => (resolve = done));
  const options: Options = {
    url,
    method: 'POST',
    connections: Math.min(connections, count),
    amount: count,
    headers: { 'content-type': 'application/json', ...headers },
    requests: [{ setupRequest: (request) => ({ ...request, body: bodies[next++ % count] as string }) }],
  };
  const running = autocannon(options, () => {});
  const ended = (isFailure: boolean, time: number) => {
    times.push(time);
    if (isFailure) failed++;
    if (times.length === count) resolve();
  };
  running.on('response', (_client, status, _bytes, time) => ended(status !== 200, time));
  running.on('reqError', () => ended(true, 0));
  await through;
  return {
    sent: times.length,
    failed,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    longest: quantile(times, 1),
  };
}
