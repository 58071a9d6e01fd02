import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const ownPackage = {
  'nestjs-pathways/builder': here('./lib/builder/index.ts'),
  'nestjs-pathways/local': here('./lib/local/index.ts'),
  'nestjs-pathways/metrics': here('./lib/observability/metrics/index.ts'),
  'nestjs-pathways/data-pump': here('./lib/data-pump/index.ts'),
  'nestjs-pathways/nats': here('./lib/nats/index.ts'),
  'nestjs-pathways/testing': here('./lib/testing/index.ts'),
  'nestjs-pathways/typeorm': here('./lib/typeorm/index.ts'),
  'nestjs-pathways': here('./lib/index.ts'),
};

export default defineConfig({
  resolve: { alias: ownPackage },
  test: {
    globalSetup: [here('./test/support/postgres.global-setup.ts')],
    setupFiles: [here('./test/support/patient-waits.setup.ts')],
    include: ['lib/**/*.spec.ts', 'test/**/*.spec.ts'],
    // Two cores are the smallest machine we promise to run on; more forks would only fight for them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
