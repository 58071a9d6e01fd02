// The folders that scripts/check-package.mjs uses the packed package in, and what it does there.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules/typescript/bin/tsc');
/** Also a busy machine ends within this. */
const TIME_LIMIT_MS = 180_000;
/** npm may have to fetch what its cache does not hold. */
const INSTALL_LIMIT_MS = 600_000;

export async function node(cwd, ...args) {
  const { stdout } = await run(process.execPath, args, { cwd, timeout: TIME_LIMIT_MS });
  return stdout;
}

export function evaluate(folder, type, script) {
  return node(folder, `--input-type=${type}`, '--eval', script);
}

/**
 * A folder in which npm has installed the package, as a user does: with `packages`, a version for each name, as its other
 * dependencies. npm refuses a version that a peer range of ours leaves out.
 */
export async function installedConsumer({ name, work, tarball, packages = {}, type }) {
  const folder = join(work, name);
  const dependencies = { 'nestjs-pathways': `file:${tarball}`, ...packages };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type, dependencies }));
  await npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--no-legacy-peer-deps');
  return folder;
}

/** What npm finds wrong with a folder, also what it only warned of: a peer that is missing or out of range. */
export async function checkTree(folder) {
  await npm(folder, 'ls', '--all');
}

function npm(cwd, ...args) {
  // Whoever runs this silently would otherwise take the reasons away.
  return run('npm', [...args, '--loglevel=error'], {
    cwd,
    shell: process.platform === 'win32',
    timeout: INSTALL_LIMIT_MS,
    maxBuffer: 1 << 26,
  });
}

/** The version that a lockfile of ours has of a package, if any: `from` first, then the main one. */
export function lockedVersion(name, from = root) {
  for (const folder of [from, root]) {
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    const version = packages[`node_modules/${name}`]?.version;
    if (version) return version;
  }
  return undefined;
}

/** A folder inside an installed one that finds its packages there, as that of a workspace does. */
export function nestedConsumer({ name, parent, type }) {
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, type }));
  return folder;
}

/** Links a development dependency of ours into a folder whose packages must stay what npm has chosen. */
export function link(folder, name) {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), path, 'junction');
}

/** Names of the packages npm has put at the top of a folder. */
export function installedPackages(folder) {
  const modules = join(folder, 'node_modules');
  return readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((part) => `${name}/${part}`) : [name],
  );
}

/** Ends the process that loads the package. */
export function setTrap(folder, name) {
  const target = join(folder, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name, version: '99.0.0', main: 'index.js' }));
  writeFileSync(
    join(target, 'index.js'),
    `require('node:fs').writeSync(2, 'loaded ${name}\\n'); process.exit(42);`,
  );
}

/** Copies files of test/package; `{ 'nest/orders.suite.ts': 'orders.spec.ts' }` says under which name. */
export function copySources(folder, sources) {
  for (const [source, name] of Object.entries(sources)) {
    copyFileSync(join(root, 'test/package', source), join(folder, name));
  }
}

const STRICT = {
  target: 'es2022',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  // Only what a consumer has: a declaration that needs our development dependencies must fail here.
  types: ['node'],
  skipLibCheck: false,
  rootDir: '.',
};

/** `module` and `moduleResolution` of the two ways TypeScript finds a package's declarations today. */
export const RESOLUTIONS = {
  nodenext: { module: 'nodenext', outDir: 'out' },
  bundler: { module: 'preserve', moduleResolution: 'bundler', noEmit: true },
};

/**
 * Compiles a folder's sources, together with every subpath in `specifiers` so that all declarations are read.
 * Errors in other packages' declarations are theirs.
 */
export async function compile(folder, resolution, sources, specifiers) {
  writeFileSync(
    join(folder, 'every-subpath.ts'),
    specifiers.map((specifier, index) => `export * as subpath${index} from '${specifier}';\n`).join(''),
  );
  const project = join(folder, `tsconfig.${resolution}.json`);
  const compilerOptions = { ...STRICT, ...RESOLUTIONS[resolution] };
  const files = ['every-subpath.ts', ...sources];
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const failure = await node(folder, tsc, '--pretty', 'false', '--project', project).catch((error) => error);
  if (typeof failure === 'string') return;
  const lines = String(failure.stdout).split('\n');
  const own = lines.filter((line) =>
    /^(?!(?:\.\.\/)?node_modules\/(?!nestjs-pathways\/)).*error TS/.test(line),
  );
  const known = lines.some((line) => /error TS/.test(line));
  if (own.length > 0 || !known) throw new Error(own.join('\n') || failure.message);
}
