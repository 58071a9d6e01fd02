// Packs the built package and uses it as a consumer does: `npm run check:package`.
//
// The consumers are folders outside of the repository:
//   plain    - npm has installed the tarball and nothing else: no Nest and no optional package comes along. The builder is
//              type-checked and run without them, and every subpath that is not for Nest loads
//   bare     - Nest and no optional package: the subpaths for Nest must load, as ESM and as CommonJS
//   trapped  - the optional packages end the process when loaded: the imports of root and builder load none of them
//   nest11   - Nest 11, CommonJS, Jest, everything optional
//   nest12   - Nest 12, ESM, vitest, everything optional
//   required - Nest 12 from CommonJS
// The last three type-check, run and test the application in test/package/nest, with both ways TypeScript resolves types.
//
// Nest is an optional peer, as every other package that only some need. A required peer npm installs by itself, so that a
// service on the builder would get Nest and rxjs; a Nest application has them anyway, and npm still refuses to put
// this package beside a major out of range. What is lost is npm's help for who imports the root and has no Nest at all.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNest11 } from './nest11.mjs';
import {
  compile,
  copySources,
  evaluate,
  installedConsumer,
  installedPackages,
  link,
  linkedConsumer,
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
const dependencies = Object.keys(manifest.dependencies);
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
  { name: 'required', type: 'commonjs', runner: [] },
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

  const packages = [...dependencies, ...nest];
  const bare = await linkedConsumer({ name: 'bare', work, tarball, packages });
  for (const specifier of nestSpecifiers) {
    await check(`bare: import and require ${specifier}, same names`, () => checkBothFormats(bare, specifier));
  }

  const trapped = await linkedConsumer({ name: 'trapped', work, tarball, packages });
  for (const name of neverLoaded) setTrap(trapped, name);
  await check('import of the root loads Nest and its own files', () =>
    checkLoaded(trapped, manifest.name, nest),
  );
  await check('import of the builder loads its own files', () =>
    checkLoaded(trapped, `${manifest.name}/builder`, []),
  );

  if (installNest11() !== 0) throw new Error('Nest 11 could not be installed in test/nest11.');
  for (const consumer of nestConsumers) await checkNest(consumer, tarball);
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(`${failures.length} package checks failed: ${failures.join('; ')}`);
  process.exit(1);
}

async function checkPlain(tarball) {
  let folder;
  await check('plain: npm installs the package, and no peer with it', async () => {
    folder = await installedConsumer({ name: 'plain', work, tarball });
    const unasked = installedPackages(folder).filter((name) => peers.includes(name));
    if (unasked.length > 0) throw new Error(`npm has also installed ${unasked.join(', ')}.`);
  });
  // Without its folder nothing below could say more than that.
  if (failures.some((name) => name.startsWith('plain:'))) return;
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

async function checkNest({ name, type, from, runner, settings, test }, tarball) {
  const packages = [
    ...dependencies,
    // Not every registry has all of them.
    ...peers.filter((peer) => existsSync(join(root, 'node_modules', peer))),
    ...runner,
    '@nestjs/testing',
    '@nestjs/platform-express',
    '@types/node',
  ];
  const folder = await linkedConsumer({ name, work, tarball, packages, type, from });
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

async function checkHandled(folder, file, expected) {
  const output = await node(folder, file);
  if (!output.includes(expected)) throw new Error(`The event was not handled:\n${output}`);
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
