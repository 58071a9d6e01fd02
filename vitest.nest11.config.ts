import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

const nest11 = fileURLToPath(new URL('./test/nest11/node_modules/', import.meta.url));

/** The specs that boot Nest, on the older supported major. Everything that holds Nest state must come from one tree. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    resolve: {
      alias: [{ find: /^(@nestjs\/.*|reflect-metadata|rxjs(?:\/.*)?)$/, replacement: `${nest11}$1` }],
    },
    test: {
      include: [
        'lib/nest/**/*.spec.ts',
        'lib/decorators/**/*.spec.ts',
        'test/nest/**/*.spec.ts',
        'test/e2e/**/*.spec.ts',
      ],
    },
  }),
);
