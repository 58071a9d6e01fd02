/** Longer than any timer may be: it only has to be there. */
const LONGEST_TIMER_MS = 2_147_483_647;

let handle: NodeJS.Timeout | undefined;
let holders = 0;

/**
 * Keeps the process from ending because nothing but our timers is left in it. Those do not count, so that one that is
 * forgotten holds up no process; but while a pump waits for a platform that is down there is nothing else, and the process
 * would end without a word.
 *
 * @returns a function that lets go; it may be called again.
 */
export function holdProcess(): () => void {
  handle ??= setInterval(() => {}, LONGEST_TIMER_MS).unref();
  if (holders++ === 0) handle.ref();
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--holders === 0) handle?.unref();
  };
}

/** Holds the process while somebody waits for this work. */
export async function keptAlive<T>(work: Promise<T>): Promise<T> {
  const release = holdProcess();
  try {
    return await work;
  } finally {
    release();
  }
}
