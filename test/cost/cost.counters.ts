import { createHook } from 'node:async_hooks';

/** Promises made while `work` runs, by this process as a whole. The same work makes the same number on every machine. */
export async function countPromises(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') count++;
    },
  });
  hook.enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return count;
}

/** Characters of JSON read and written, and bytes of buffers put together. */
export interface CopiedBytes {
  readonly parsed: number;
  readonly serialised: number;
  readonly concatenated: number;
}

/** What `work` copies: every byte through these costs time and memory, whatever the machine. */
export async function countCopies(work: () => Promise<unknown>): Promise<CopiedBytes> {
  const { parse, stringify } = JSON;
  const { concat } = Buffer;
  let [parsed, serialised, concatenated] = [0, 0, 0];
  JSON.parse = (text: string, ...rest: []) => {
    parsed += text.length;
    return parse(text, ...rest) as unknown;
  };
  JSON.stringify = ((...values: Parameters<typeof stringify>) => {
    const text = stringify(...values);
    serialised += text?.length ?? 0;
    return text;
  }) as typeof stringify;
  Buffer.concat = ((...given: Parameters<typeof concat>) => {
    const whole = concat(...given);
    concatenated += whole.length;
    return whole;
  }) as typeof concat;
  try {
    await work();
  } finally {
    Object.assign(JSON, { parse, stringify });
    Buffer.concat = concat;
  }
  return { parsed, serialised, concatenated };
}
