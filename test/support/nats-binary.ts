import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
const kept = join(cache, 'nats-server');
const inPackage = 'usr/sbin/nats-server';

let found: Promise<string> | undefined;

/**
 * Path of a real nats-server: the one named in PATHWAYS_NATS_SERVER, an installed one, or Debian's package, unpacked once
 * into the project's cache folder. No npm package has one. Only specs that need it ask.
 */
export function natsServerBinary(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  const named = process.env['PATHWAYS_NATS_SERVER'];
  if (named !== undefined) {
    if (isProgram(named)) return named;
    throw new Error(`PATHWAYS_NATS_SERVER names ${named}, which is no program.`);
  }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  const installed = [...folders.map((folder) => join(folder, 'nats-server')), join(kept, inPackage)];
  const there = installed.find(isProgram);
  if (there !== undefined) return there;
  try {
    await fetchPackage();
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(
      `These tests need nats-server, which is not installed and could not be fetched: ${stderr?.trim() || message}\n` +
        'Install it (apt-get install nats-server, brew install nats-server), or name one in PATHWAYS_NATS_SERVER.',
      { cause: error },
    );
  }
  return join(kept, inPackage);
}

/** Needs no rights: the package is unpacked, not installed. */
async function fetchPackage(): Promise<void> {
  mkdirSync(cache, { recursive: true });
  // Another run may do the same: what is complete appears at once.
  const folder = mkdtempSync(join(cache, 'nats-server-'));
  try {
    const download = () => run('apt-get', ['download', 'nats-server'], { cwd: folder });
    // A fresh machine has no package lists yet.
    await download().catch(async () => {
      await run('apt-get', ['update']);
      await download();
    });
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    await run('dpkg', ['-x', join(folder, archive), join(folder, 'unpacked')]);
    if (!existsSync(kept)) renameSync(join(folder, 'unpacked'), kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
