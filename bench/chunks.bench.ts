/**
 * Large events: split, put together and handled, plain and encrypted, without network or disk.
 *
 *   npm run bench -- chunks
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { FlowcoreEvent } from 'nestjs-pathways';
import type { PayloadCipher } from '../lib/security/payload-cipher.interface.js';
import { assembleChunk } from '../lib/processor/chunks/chunk.assembler.js';
import { parseChunkPart } from '../lib/processor/chunks/chunk-part.parser.js';
import { splitEvent } from '../lib/writer/chunks/event.splitter.js';
import { PATHWAY } from './support/engine.js';
import { EventMaker } from './support/events.js';
import type { BenchCase, BenchSuite, Contender } from './support/suite.js';

const key = randomBytes(32);
const cipher: PayloadCipher = {
  seal(text) {
    const iv = randomBytes(12);
    const sealing = createCipheriv('aes-256-gcm', key, iv);
    const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
    return { text: [iv, sealed, sealing.getAuthTag()].map((bytes) => bytes.toString('base64')).join('.') };
  },
  open(text) {
    const [iv, sealed, tag] = text.split('.').map((part) => Buffer.from(part, 'base64'));
    if (!iv || !sealed || !tag) throw new Error('Not three parts');
    const opening = createDecipheriv('aes-256-gcm', key, iv);
    opening.setAuthTag(tag);
    return Buffer.concat([opening.update(sealed), opening.final()]).toString('utf8');
  },
};

const [template] = new EventMaker([PATHWAY]).next(1);
if (!template) throw new Error('No event was made');

/** Split into parts, read back, put together. */
async function once(event: FlowcoreEvent, payload: object, used: PayloadCipher | undefined): Promise<number> {
  const text = JSON.stringify(payload);
  const started = performance.now();
  const { parts } = await splitEvent({
    key: 'bench',
    text,
    chunkId: 'bench',
    partBudgetBytes: 45_000,
    cipher: used,
  });
  const split = performance.now() - started;
  const read = parts.map((part) =>
    parseChunkPart({ ...event, payload: JSON.parse(part.text) as unknown }, false),
  );
  const [first] = read;
  if (!first) throw new Error('No parts');
  const metadata = { 'pathways/chunked': 'true', ...(used && { 'pathways/encrypted': 'true' }) };
  const slices = read.map(({ data }) => data as string);
  const chunk = { header: first.header, slices, firstEventId: event.eventId, event: { ...event, metadata } };
  await assembleChunk(chunk, used);
  return split;
}

function contender(name: string, bytes: number, used: PayloadCipher | undefined): Contender {
  return {
    name,
    role: 'ours',
    make() {
      const payload = { id: 'bench', text: 'Keyp á brúnni "x" '.repeat(Math.floor(bytes / 21)) };
      return {
        async run(count) {
          const times: number[] = [];
          let splitMs = 0;
          for (let n = 0; n < count; n++) {
            const startedAt = performance.now();
            splitMs += await once(template as FlowcoreEvent, payload, used);
            times.push(performance.now() - startedAt);
          }
          const whole = times.reduce((sum, time) => sum + time, 0);
          return {
            operations: count,
            times,
            figures: {
              'ms to split': splitMs / count,
              'MB/s': ((bytes / 1e6) * count) / (whole / 1_000),
            },
          };
        },
      };
    },
  };
}

function sized(label: string, bytes: number, count: number): BenchCase {
  return {
    name: label.replace(' ', '').toLowerCase(),
    title: `payload of ${label}`,
    measures: 'latency',
    count,
    fixed: true,
    contenders: [contender('plain', bytes, undefined), contender('encrypted', bytes, cipher)],
  };
}

export const suite: BenchSuite = {
  title: 'Large events',
  about: 'Split, read and put together in one process, without network or disk.',
  cases: [sized('100 KB', 100_000, 60), sized('1 MB', 1_000_000, 10), sized('10 MB', 10_000_000, 2)],
};
