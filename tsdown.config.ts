import { defineConfig } from 'tsdown';

const library = {
  index: 'lib/index.ts',
  'local/index': 'lib/local/index.ts',
  'testing/index': 'lib/testing/index.ts',
};

export default defineConfig({
  entry: { ...library, 'cli/main': 'lib/cli/main.ts' },
  // The command line is only ever run, never required: ESM is enough for it.
  format: { esm: {}, cjs: { entry: library } },
  // One file per source file. Shared chunks would tie parts together that a consumer loads one by one, and stack
  // traces name the file a reader finds in the repository.
  unbundle: true,
  platform: 'node',
  target: 'node20.19',
  tsconfig: 'tsconfig.build.json',
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
