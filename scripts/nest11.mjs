// Nest 11 lives beside its specs with a lockfile of its own: two majors do not fit into one node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../test/nest11', import.meta.url));

/** Installs what its lockfile says, unless that is done. Returns npm's exit code. */
export function installNest11() {
  const installed = `${folder}/node_modules/.package-lock.json`;
  const lockfile = `${folder}/package-lock.json`;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return 0;
  console.log('Installing test/nest11 from its lockfile …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--prefix', folder];
  return spawnSync(npm, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}
