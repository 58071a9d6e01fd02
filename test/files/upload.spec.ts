import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  FileChecksumMismatchError,
  type FileContent,
  PlatformRequestError,
  PlatformUnauthorizedError,
  PlatformUnavailableError,
  WriteOptionsInvalidError,
} from 'nestjs-pathways';
import type { LocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, describe, expect, it } from 'vitest';
import { ControllableClock } from '../../lib/testing/controllable-clock.js';
import { failureOf } from '../support/failure-of.js';
import { until, untilIn } from '../support/until.js';
import { document, DocumentUploaded, filesUnderTest, someBytes } from './support.js';

const { platform, engineTo } = filesUnderTest();
const bytes = someBytes(200_000);
const options = { fireAndForget: true };

/** A writer whose time limits and retries wait for the test, and nothing that pulls. */
async function open(local?: LocalFlowcore) {
  const to = local ?? (await platform());
  const clock = new ControllableClock(Date.UTC(2026, 4, 1));
  const { writer } = engineTo(to.url, { options: { clock, requestTimeoutMs: 10_000 } });
  const write = (fileContent: FileContent, more: { signal?: AbortSignal } = {}) => {
    const outcome = writer
      .write(DocumentUploaded, {
        data: { ...document(bytes), fileContent },
        options: { ...options, ...more },
      })
      .then(
        (eventIds) => ({ eventIds, error: undefined }),
        (error: unknown) => ({ eventIds: undefined, error }),
      );
    let isOver = false;
    void outcome.then(() => (isOver = true));
    return { outcome, isOver: () => isOver };
  };
  /** The same, with time going on until it is over. */
  const writeInTime = async (fileContent: FileContent) => {
    const { outcome, isOver } = write(fileContent);
    await untilIn(clock, isOver);
    return outcome;
  };
  return { local: to, clock, write, writeInTime };
}

const stream = () => Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
const repeatable: [string, () => FileContent][] = [
  ['a Buffer', () => bytes],
  ['a Blob', () => new Blob([bytes])],
  ['a function', () => stream],
];

describe('an upload that fails', () => {
  it.each(repeatable)('is tried again with %s, whole', async (_kind, content) => {
    const { local, writeInTime } = await open();
    const fault = local.faults.add({ kind: 'status', status: 503, times: 2 });
    const { eventIds } = await writeInTime(content());
    expect(fault.hits).toBe(2);
    expect(eventIds).toHaveLength(5);
    expect(local.eventCount()).toBe(5);
  });

  it.each<[string, Parameters<LocalFlowcore['faults']['add']>[0]]>([
    ['by a status', { kind: 'status', status: 503 }],
    ['by a cut connection', { kind: 'dropped-connection' }],
  ])('%s is not tried again with a stream, and says why', async (_how, fault) => {
    const { local, writeInTime } = await open();
    local.faults.add({ ...fault, when: 'after' } as typeof fault);
    const source = stream();
    const { error } = await writeInTime(source);
    expect(error).toBeInstanceOf(PlatformUnavailableError);
    expect((error as Error).message).toMatch(
      /not tried again, because its content was a stream.*give a Buffer/,
    );
    expect(local.stats.requests['POST /file']).toBe(1);
    expect(source.destroyed).toBe(true);
  });

  it('before the stream was touched is tried again', async () => {
    // Nobody listens on the port until the second attempt.
    const gate = createServer();
    await once(gate.listen(0, '127.0.0.1'), 'listening');
    const { port } = gate.address() as AddressInfo;
    await new Promise((resolve) => gate.close(resolve));
    const clock = new ControllableClock(Date.UTC(2026, 4, 1));
    const { writer } = engineTo(`http://127.0.0.1:${port}`, { options: { clock } });
    const data = { ...document(bytes), fileContent: stream() };
    const outcome = writer.write(DocumentUploaded, { data, options });
    // The pause between the attempts has begun; beside it there is no timer.
    await until(() => clock.pendingTimers === 1 && data.fileContent.destroyed === false);
    const received: number[] = [];
    const late = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => received.push(chunk.length));
      request.on('end', () => response.end('{"eventIds":["e-1"],"checksum":"?","hashType":"none"}'));
    });
    cleanups.push(() => new Promise((resolve) => late.close(resolve)));
    await once(late.listen(port, '127.0.0.1'), 'listening');
    let isOver = false;
    void outcome.finally(() => (isOver = true));
    await untilIn(clock, () => isOver);
    expect(await outcome).toEqual(['e-1']);
    expect(received.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(bytes.length);
  });

  it('for good is refused at once, and its stream is closed', async () => {
    const { local, writeInTime } = await open();
    local.faults.add({ kind: 'status', status: 401 });
    const source = stream();
    expect((await writeInTime(source)).error).toBeInstanceOf(PlatformUnauthorizedError);
    expect(source.destroyed).toBe(true);
    expect(local.stats.requests['POST /file']).toBe(1);
  });

  it('because its source breaks rejects with that error, and stores no half of the file', async () => {
    const { local, writeInTime } = await open();
    const broken = new Error('the disk is gone');
    const breaking = async function* () {
      yield bytes.subarray(0, 100_000);
      throw broken;
    };
    expect((await writeInTime(breaking)).error).toBe(broken);
    expect((await writeInTime(Readable.from(breaking()))).error).toBe(broken);
    expect(local.eventCount()).toBe(0);
  });

  it('because its source gives text is refused', async () => {
    const { local, writeInTime } = await open();
    const text = Readable.from(['some', 'text']) as AsyncIterable<unknown> as AsyncIterable<Uint8Array>;
    expect((await writeInTime(text)).error).toMatchObject({
      message: expect.stringContaining('without an encoding'),
    });
    expect(local.eventCount()).toBe(0);
  });

  it('because the caller aborts half-way rejects with the reason; nothing is stored, the stream is closed', async () => {
    const { local, write } = await open();
    const caller = new AbortController();
    let hasStalled = false;
    const stalling = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 100_000);
        hasStalled = true;
        await new Promise(() => {});
      })(),
    );
    const { outcome } = write(stalling, { signal: caller.signal });
    await until(() => hasStalled && local.stats.requests['POST /file'] === 1);
    const reason = new Error('the caller left');
    caller.abort(reason);
    expect((await outcome).error).toBe(reason);
    expect(stalling.destroyed).toBe(true);
    expect(local.eventCount()).toBe(0);
  });

  it('because the platform never answers ends at the time limit, which begins anew while bytes flow', async () => {
    const { local, clock, write } = await open();
    const hang = local.faults.add({ kind: 'hang' });
    let go: (() => void) | undefined;
    const slow = Readable.from(
      (async function* () {
        for (let from = 0; from < 50_000; from += 10_000) {
          yield bytes.subarray(from, from + 10_000);
          await new Promise<void>((resolve) => (go = resolve));
        }
      })(),
    );
    const { outcome, isOver } = write(slow);
    for (let step = 0; step < 5; step++) {
      await until(() => go !== undefined);
      clock.advance(9_000);
      go?.();
      go = undefined;
    }
    await until(() => hang.hits === 1);
    expect(isOver()).toBe(false);
    await untilIn(clock, isOver);
    expect((await outcome).error).toMatchObject({ message: expect.stringMatching(/within 10000 ms/) });
  });

  it('because other bytes arrived than were sent names both checksums and the stored events', async () => {
    const { local, writeInTime } = await open();
    const body = { eventIds: ['e-1', 'e-2'], checksum: 'ab'.repeat(32), hashType: 'SHA-256' };
    local.faults.add({ kind: 'status', status: 200, body });
    const { error } = await writeInTime(bytes);
    expect(error).toBeInstanceOf(FileChecksumMismatchError);
    expect(error).toMatchObject({ stage: 'upload', expected: body.checksum, eventIds: ['e-1', 'e-2'] });
  });

  it.each([
    ['no ids', { eventIds: [], checksum: 'x', hashType: 'y' }],
    ['no checksum', { eventIds: ['e-1'], hashType: 'y' }],
  ])('because the answer has %s is an invalid answer', async (_what, body) => {
    const { local, writeInTime } = await open();
    local.faults.add({ kind: 'status', status: 200, body });
    expect((await writeInTime(bytes)).error).toBeInstanceOf(PlatformRequestError);
  });
});

it('of a file is never part of a transaction, also where all other writes go through the outbox', async () => {
  const local = await platform();
  const { writer } = engineTo(local.url, { options: { outbox: true } });
  const data = { ...document(bytes), fileContent: bytes };
  const write = (transaction?: object) =>
    writer.write(DocumentUploaded, { data, options: { ...options, ...(transaction && { transaction }) } });
  // Uploaded at once, it would stay when the transaction rolls back.
  const error = await failureOf(write({}), WriteOptionsInvalidError);
  expect(error.message).toContain('transaction is not for files');
  expect(local.stats.eventsStored).toBe(0);
  expect((await write()).length).toBe(local.stats.eventsStored);
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
