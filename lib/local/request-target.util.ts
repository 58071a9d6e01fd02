/** The address of a request, taken apart; or why it cannot be. */
export type RequestTarget =
  { readonly segments: readonly string[]; readonly query: URLSearchParams } | { readonly refusal: string };

/** Splits `/a/b%20c?d=e`. Repeated and trailing slashes count for nothing. */
export function requestTarget(url: string): RequestTarget {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const segments = path.split('/').filter((segment) => segment !== '');
  try {
    return {
      segments: path.includes('%') ? segments.map((segment) => decodeURIComponent(segment)) : segments,
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    };
  } catch {
    return { refusal: 'The path holds a broken percent sign.' };
  }
}
