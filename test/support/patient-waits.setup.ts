import { vi } from 'vitest';

// A condition is waited for until the test's own time limit: on a machine that is busy, the second that is the default
// says nothing but how busy it is.
const TIMEOUT_MS = 25_000;

const waitFor = vi.waitFor.bind(vi);
vi.waitFor = (condition, options = {}) =>
  waitFor(condition, {
    timeout: TIMEOUT_MS,
    ...(typeof options === 'number' ? { timeout: options } : options),
  });
