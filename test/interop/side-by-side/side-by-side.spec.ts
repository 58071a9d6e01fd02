import { afterAll, beforeAll, describe } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { sideBySide } from './case.js';
import { AUDIT } from './cases/audit.cases.js';
import { ERROR } from './cases/error.cases.js';
import { FILES } from './cases/file.cases.js';
import { HANDLE } from './cases/handle.cases.js';
import { LOGGER } from './cases/logger.cases.js';
import { OBSERVE } from './cases/observe.cases.js';
import { PACKAGE } from './cases/package.cases.js';
import { REGISTER } from './cases/register.cases.js';
import { RETRY } from './cases/retry.cases.js';
import { ROUTER } from './cases/router.cases.js';
import { SESSION } from './cases/session.cases.js';
import { STATE } from './cases/state.cases.js';
import { WRITE } from './cases/write.cases.js';

describe('the builder of the reference and ours, side by side', () => {
  let local: LocalFlowcore;

  beforeAll(async () => {
    local = await startLocalFlowcore();
  });
  afterAll(() => local.stop());

  sideBySide('register', REGISTER, () => local);
  sideBySide('handle', HANDLE, () => local);
  sideBySide('write', WRITE, () => local);
  sideBySide('observe', OBSERVE, () => local);
  sideBySide('error', ERROR, () => local);
  sideBySide('retry', RETRY, () => local);
  sideBySide('audit', AUDIT, () => local);
  sideBySide('session', SESSION, () => local);
  sideBySide('router', ROUTER, () => local);
  sideBySide('file', FILES, () => local);
  sideBySide('state', STATE, () => local);
  sideBySide('logger', LOGGER, () => local);
  sideBySide('package', PACKAGE, () => local);
});
