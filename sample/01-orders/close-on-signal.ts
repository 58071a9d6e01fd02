import { constants } from 'node:os';

/** More than `shutdownTimeoutMs`, which handlers get to finish, and the 10 s that Local Postgres gets to stop. */
const CLOSE_WITHIN_MS = 30_000;
/** Ctrl-C reaches the whole process group, and npm sends it on once more. */
const ECHO_MS = 500;

/**
 * Ctrl-C and SIGTERM let what runs finish; then the process ends with code 0. Use it instead of Nest's
 * `enableShutdownHooks`, which raises the signal again when everything is closed: whoever started the process then sees a
 * crash (npm reports 130). A second signal ends the process at once.
 */
export function closeOnSignal(close: () => Promise<void>): void {
  let first: { readonly signal: string; readonly at: number } | undefined;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => {
    if (first) {
      if (signal === first.signal && Date.now() - first.at < ECHO_MS) return;
      process.exit(128 + constants.signals[signal]);
    }
    first = { signal, at: Date.now() };
    console.log(`\n${signal}: finishing what runs. A second one ends the process at once.`);
    // A connection that never ends must not keep the process.
    setTimeout(() => fail(`Not everything closed within ${CLOSE_WITHIN_MS} ms.`), CLOSE_WITHIN_MS).unref();
    close().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

function fail(reason: unknown): never {
  console.error(reason);
  process.exit(1);
}
