/** The failure of work that must fail. */
export async function failureOf<T extends Error>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  const error: unknown = await work.then(
    (value) => new Error(`It should have failed, but gave ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof kind)) throw error;
  return error;
}
