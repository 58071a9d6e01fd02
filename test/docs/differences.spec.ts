import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Case } from '../interop/side-by-side/case.js';
import { AUDIT } from '../interop/side-by-side/cases/audit.cases.js';
import { ERROR } from '../interop/side-by-side/cases/error.cases.js';
import { FILES } from '../interop/side-by-side/cases/file.cases.js';
import { HANDLE } from '../interop/side-by-side/cases/handle.cases.js';
import { LOGGER } from '../interop/side-by-side/cases/logger.cases.js';
import { OBSERVE } from '../interop/side-by-side/cases/observe.cases.js';
import { PACKAGE } from '../interop/side-by-side/cases/package.cases.js';
import { postgresCases } from '../interop/side-by-side/cases/postgres.cases.js';
import { REGISTER } from '../interop/side-by-side/cases/register.cases.js';
import { RETRY } from '../interop/side-by-side/cases/retry.cases.js';
import { ROUTER } from '../interop/side-by-side/cases/router.cases.js';
import { SESSION } from '../interop/side-by-side/cases/session.cases.js';
import { STATE } from '../interop/side-by-side/cases/state.cases.js';
import { WRITE } from '../interop/side-by-side/cases/write.cases.js';
import { cellsOfRow, documentedRows } from '../interop/side-by-side/documented-rows.js';
import { usePostgres } from '../support/postgres.js';

/** Sections about what the reference that the cases run has not got: their rows name tests of ours. */
const WITHOUT_CASES = ['Pumps, stores and provisioning'];
const TESTS = /\[[^\]]+\]\(\.\.\/([^)]+)\): (_[^;]+_)/g;

const cases: Case[] = [
  ...[AUDIT, ERROR, FILES, HANDLE, LOGGER, OBSERVE, PACKAGE],
  ...[REGISTER, RETRY, ROUTER, SESSION, STATE, WRITE],
].flat();

describe('docs/differences.md', () => {
  const postgres = usePostgres();
  const rows = documentedRows();
  const expected = () =>
    [...cases, ...postgresCases(postgres)].flatMap(({ outcome }) =>
      outcome.kind === 'differs' ? [cellsOfRow(outcome.row)] : [],
    );

  it('has a row for every difference that a case shows: its words and its option, in one row', () => {
    const documented = rows.map(({ cells }) => JSON.stringify(cells));
    expect(expected().filter((cells) => !documented.includes(JSON.stringify(cells)))).toEqual([]);
  });

  it('has no row that no case shows', () => {
    const shown = expected().map((cells) => JSON.stringify(cells));
    const claimed = rows.filter(({ section }) => !WITHOUT_CASES.includes(section));
    expect(claimed.filter(({ cells }) => !shown.includes(JSON.stringify(cells)))).toEqual([]);
  });

  it('names a test that exists in every row without a case', () => {
    const named = rows
      .filter(({ section }) => WITHOUT_CASES.includes(section))
      .map(({ cells: [reference, , , , tests = ''] }) => ({
        reference,
        tests: [...tests.matchAll(TESTS)].flatMap(([, file = '', names = '']) =>
          [...names.matchAll(/_([^_]+)_/g)].map(([, name = '']) => ({ file, name })),
        ),
      }));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ tests }) => tests.length === 0)).toEqual([]);
    const missing = ({ file, name }: { file: string; name: string }) =>
      !existsSync(file) || !readFileSync(file, 'utf8').includes(name);
    expect(named.flatMap(({ tests }) => tests.filter(missing))).toEqual([]);
  });
});
