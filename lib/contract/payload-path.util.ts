/** A place inside a payload: `items[2].quantity`, `labels["a.b"]`. */
export function payloadPath(segments: readonly PropertyKey[]): string {
  let path = '';
  for (const segment of segments) {
    const name = String(segment);
    if (INDEX.test(name)) path += `[${name}]`;
    else if (!PLAIN_NAME.test(name)) path += `[${JSON.stringify(name)}]`;
    else path += path ? `.${name}` : name;
  }
  return path;
}

const INDEX = /^\d+$/;

/** Everything else would read as another path: a key `a.b` is not the key `b` of `a`. */
const PLAIN_NAME = /^[^\s.[\]"]+$/;
