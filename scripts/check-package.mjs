// Packs the built package and uses it as a consumer does: `npm run check:package`.
//
// Three consumers are laid out in a temporary folder, with the unpacked package and links to its dependencies:
//   bare    - no optional package installed: every subpath must still load, as ESM and as CommonJS
//   trapped - the optional packages end the process when loaded: importing must load none of them
//   whole   - everything installed: a small Nest application is type-checked, compiled and run in both formats
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
const specifiers = subpaths.map((path) => manifest.name + path.slice(1));

const isOptional = (name) => manifest.peerDependenciesMeta[name]?.optional === true;
const peers = Object.keys(manifest.peerDependencies);
const optional = peers.filter(isOptional);
const installed = [...Object.keys(manifest.dependencies), ...peers.filter((name) => !isOptional(name))];
const neverLoaded = [...optional, '@flowcore/pathways', '@flowcore/sdk', '@flowcore/data-pump'];

const failures = [];
const work = mkdtempSync(join(tmpdir(), 'check-package-'));
try {
  await check('changelog names the version', () => node(root, 'scripts/check-changelog.mjs'));
  const tarball = await pack();
  await check('tarball holds only the build', () => checkContents(tarball));
  await check('publint', () => node(root, 'node_modules/publint/src/cli.js', tarball, '--strict'));
  await check('attw', () =>
    node(root, binOf('@arethetypeswrong/cli', 'attw'), tarball, '--profile', 'node16'),
  );

  const bare = await consumer('bare', tarball, []);
  for (const specifier of specifiers) {
    await check(`import and require ${specifier}, same names`, () => checkBothFormats(bare, specifier));
  }
  await check('pathways --help', () => checkCommand(bare));

  const trapped = await consumer('trapped', tarball, []);
  for (const name of neverLoaded) setTrap(trapped, name);
  await check('import of the root loads nothing optional', () => checkRootIsLean(trapped));

  const whole = await consumer('whole', tarball, ['@nestjs/platform-express', '@types/node', ...optional]);
  await check('application type-checks, ESM and CommonJS', () => compileApplication(whole));
  for (const file of ['app.mjs', 'app.cjs']) {
    await check(`application runs: ${file}`, async () => {
      const output = await node(whole, `out/${file}`);
      if (!output.includes('handled o-1')) throw new Error(`The event was not handled:\n${output}`);
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(`${failures.length} package checks failed: ${failures.join('; ')}`);
  process.exit(1);
}

async function check(name, body) {
  try {
    await body();
    console.log(`✓ ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`✗ ${name}\n${[error.stdout, error.stderr].filter(Boolean).join('\n') || error.message}`);
  }
}

async function node(cwd, ...args) {
  const { stdout } = await run(process.execPath, args, { cwd, timeout: 60_000 });
  return stdout;
}

function binOf(packageName, command) {
  const folder = join('node_modules', packageName);
  return join(folder, JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).bin[command]);
}

async function pack() {
  if (!existsSync(join(root, 'dist/index.cjs')))
    throw new Error('There is no complete build. Run: npm run build');
  // Scripts are left out: the build is what the step before made, and packing must not change it.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', work], { cwd: root, shell: true });
  return join(
    work,
    readdirSync(work).find((name) => name.endsWith('.tgz')),
  );
}

async function checkContents(tarball) {
  const { stdout } = await run('tar', ['-tzf', tarball], { maxBuffer: 1 << 26 });
  const names = stdout.trim().split('\n');
  const known = /^package\/(dist\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/;
  const strange = names.filter((name) => !known.test(name) || /\.spec\.|\.ts$(?<!\.d\.ts)|\.map$/.test(name));
  if (strange.length > 0) throw new Error(`Unexpected files:\n${strange.join('\n')}`);
  const all = await run('tar', ['-xOzf', tarball], { maxBuffer: 1 << 28 });
  if (all.stdout.includes(root)) throw new Error('A file names the folder the package was built in.');
}

async function consumer(name, tarball, extra) {
  const folder = join(work, name);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, manifest.name), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }));
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, manifest.name)]);
  for (const dependency of [...installed, ...extra]) {
    mkdirSync(dirname(join(modules, dependency)), { recursive: true });
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency), 'junction');
  }
  return folder;
}

function setTrap(folder, name) {
  const target = join(folder, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name, version: '99.0.0', main: 'index.js' }));
  writeFileSync(
    join(target, 'index.js'),
    `require('node:fs').writeSync(2, 'loaded ${name}\\n'); process.exit(42);`,
  );
}

async function checkBothFormats(folder, specifier) {
  const list = (value) =>
    `process.stdout.write(Object.keys(${value}).filter((k) => k !== 'module.exports').sort().join())`;
  const asModule = await evaluate(folder, 'module', list(`await import('${specifier}')`));
  const asCommonJs = await evaluate(folder, 'commonjs', list(`require('${specifier}')`));
  if (asModule === '' || asModule !== asCommonJs) {
    throw new Error(`The formats differ.\nimport:  ${asModule}\nrequire: ${asCommonJs}`);
  }
}

async function checkRootIsLean(folder) {
  const settle = 'await new Promise((done) => setTimeout(done, 100))';
  await evaluate(folder, 'module', `await import('${manifest.name}'); ${settle}`);
  const script =
    `require('${manifest.name}');` +
    `process.stdout.write(Object.keys(require.cache).filter((f) => /dist.(local|testing|cli).index/.test(f)).join())`;
  const loaded = await evaluate(folder, 'commonjs', script);
  if (loaded !== '') throw new Error(`The root loads another subpath: ${loaded}`);
}

function evaluate(folder, type, script) {
  return node(folder, `--input-type=${type}`, '--eval', script);
}

async function checkCommand(folder) {
  const main = join('node_modules', manifest.name, manifest.bin.pathways);
  const help = await node(folder, main, '--help');
  if (!/\blocal\b/.test(help)) throw new Error(`--help does not mention "local":\n${help}`);
}

async function compileApplication(folder) {
  for (const extension of ['mts', 'cts']) {
    copyFileSync(join(root, 'test/package/app.ts'), join(folder, `app.${extension}`));
  }
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    // Only what a consumer has: a declaration that needs our development dependencies must fail here.
    types: ['node'],
    skipLibCheck: false,
    rootDir: '.',
    outDir: 'out',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['app.*'] }));
  const errors = await node(folder, join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false').then(
    () => [],
    (error) =>
      error.stdout.split('\n').filter((line) => /^(app\.|node_modules\/nestjs-pathways\/)/.test(line)),
  );
  if (errors.length > 0) throw new Error(errors.join('\n'));
}
