import { defineConfig } from 'tsdown';

const library = {
  index: 'lib/index.ts',
  'builder/index': 'lib/builder/index.ts',
  'local/index': 'lib/local/index.ts',
  'observability/metrics/index': 'lib/observability/metrics/index.ts',
  'data-pump/index': 'lib/data-pump/index.ts',
  'nats/index': 'lib/nats/index.ts',
  'testing/index': 'lib/testing/index.ts',
  'typeorm/index': 'lib/typeorm/index.ts',
};

/**
 * What every subpath may load: all but Nest's part, the subpaths with packages of their own, and the two files that load a
 * package late. Together, because every file is resolved, read and compiled on its own.
 */
const core =
  /[\\/]lib[\\/](?!(?:cli|decorators|local|nest|observability[\\/]metrics|testing|typeorm)[\\/])[a-z-]+[\\/](?!index\.|http-agent\.factory|notification\.socket).*(?<!\.d)\.ts$/;

export default defineConfig({
  entry: { ...library, 'cli/main': 'lib/cli/main.ts' },
  // The command line is only ever run, never required: ESM is enough for it.
  format: { esm: {}, cjs: { entry: library } },
  // Chunks: several hundred files, each loaded on its own, made the import longer (bench/RESULTS.md, Import). What only a
  // subpath needs stays in chunks of its own (`npm run check:package` looks), and every region of a chunk names its source.
  unbundle: false,
  // Jest refuses `import()` inside CommonJS. As `require`, optional packages load there too, and into Jest's registry.
  outputOptions: (options, format) => ({
    ...options,
    codeSplitting: { groups: [{ name: 'core', test: core }] },
    ...(format === 'cjs' && { dynamicImportInCjs: false }),
  }),
  platform: 'node',
  target: 'node20.19',
  tsconfig: 'tsconfig.build.json',
  hash: false,
  dts: true,
  // The output is readable as it is; maps would only add weight and name the machine that built them.
  sourcemap: false,
  // `.js` and `.cjs` with `.d.ts` and `.d.cts`: the names package.json promises.
  fixedExtension: false,
  // A package bundled by accident would escape the user's updates and break `instanceof` across copies.
  deps: { skipNodeModulesBundle: true },
  checks: { legacyCjs: false, pluginTimings: false },
  clean: true,
});
