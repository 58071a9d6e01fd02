import { afterAll, beforeAll, describe } from 'vitest';
// Loaded on first use otherwise, which takes seconds here and would count as the first test's.
import 'nestjs-pathways/typeorm';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { usePostgres } from '../../support/postgres.js';
import { sideBySide } from './case.js';
import { postgresCases } from './cases/postgres.cases.js';

describe('the builder of the reference and ours on one database, side by side', () => {
  const postgres = usePostgres();
  let local: LocalFlowcore;

  beforeAll(async () => {
    local = await startLocalFlowcore();
  });
  afterAll(() => local.stop());

  sideBySide('Postgres', postgresCases(postgres), () => local);
});
