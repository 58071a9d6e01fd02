/** Handlers may throw anything; everything after the `catch` works with an `Error`. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]')
    return thrown as Error;
  return new Error(`The handler threw ${describe(thrown)} instead of an Error`, { cause: thrown });
}

/** Error class and first frame outside node_modules: the same for failures with one cause, whatever their message. */
export function fingerprintOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const own = frames.find((line) => !line.includes('node_modules') && !line.includes('node:')) ?? frames[0];
  const place = own
    ?.trim()
    .replace(/^at /, '')
    .replace(/\(?(?:file:\/\/)?\S*\/([^/]+?):(\d+):\d+\)?$/, '($1:$2)');
  return place ? `${error.name} at ${place}` : error.name;
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return `the string ${JSON.stringify(thrown)}`;
  if (thrown === null || thrown === undefined) return String(thrown);
  return `a value of type ${typeof thrown} (${String(thrown)})`;
}
