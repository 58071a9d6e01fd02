import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleProcess } from '../support/sample-process.js';

/** The first start may have to build the library. */
const LIMIT_MS = 120_000;

describe('the documents sample as a process', { timeout: LIMIT_MS }, () => {
  let folder: string;
  let processes: SampleProcess[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pathways-documents-'));
    processes = [];
  });
  afterEach(async () => {
    for (const sample of processes) sample.kill();
    await Promise.all(processes.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });

  function start(): SampleProcess {
    const args = ['scripts/start.mjs', '--sample=02-documents'];
    const sample = new SampleProcess(process.execPath, args, { PATHWAYS_DATA: folder });
    processes.push(sample);
    return sample;
  }

  function upload(url: string, content: Buffer, fileName: string): Promise<Response> {
    const body = new FormData();
    body.append('documentType', 'contract');
    body.append('department', 'legal');
    body.append('file', new Blob([content]), fileName);
    return fetch(`${url}/documents`, { method: 'POST', body });
  }

  async function bytesOf(url: string, fileId: string): Promise<Buffer> {
    return Buffer.from(await (await fetch(`${url}/documents/${fileId}`)).arrayBuffer());
  }

  it('an uploaded document is listed and downloaded equal, also after a restart; nothing is left of the upload', async () => {
    const first = start();
    const url = await first.url();
    expect(first.output).toContain('curl -F file=@README.md');
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(300_000)]);
    const answer = await upload(url, content, 'Sáttmáli 2026.pdf');
    expect(answer.status).toBe(201);
    const { fileId, eventIds } = (await answer.json()) as { fileId: string; eventIds: string[] };
    expect(eventIds).toHaveLength(7);
    const view = {
      fileId,
      fileName: 'Sáttmáli 2026.pdf',
      fileType: 'application/pdf',
      size: content.length,
      documentType: 'contract',
      department: 'legal',
    };
    expect(await (await fetch(`${url}/documents`)).json()).toEqual([view]);
    expect((await bytesOf(url, fileId)).equals(content)).toBe(true);
    expect((await fetch(`${url}/documents/unknown`)).status).toBe(404);
    expect(readdirSync(join(folder, 'uploads'))).toEqual([]);
    first.signalGroup('SIGTERM');
    expect(await first.ended, first.output).toEqual({ code: 0, signal: null });

    const second = start();
    const again = await second.url();
    await second.printed(/Sáttmáli 2026\.pdf \(application\/pdf\)/);
    expect((await bytesOf(again, fileId)).equals(content)).toBe(true);
    second.signalGroup('SIGTERM');
    expect(await second.ended, second.output).toEqual({ code: 0, signal: null });
  });
});
