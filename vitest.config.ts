import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const ownPackage = {
  'nestjs-pathways/local': here('./lib/local/index.ts'),
  'nestjs-pathways/testing': here('./lib/testing/index.ts'),
  'nestjs-pathways': here('./lib/index.ts'),
};

export default defineConfig({
  resolve: { alias: ownPackage },
  test: {
    include: ['lib/**/*.spec.ts', 'test/**/*.spec.ts'],
    // Two cores are the smallest machine we promise to run on; more forks would only fight for them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
