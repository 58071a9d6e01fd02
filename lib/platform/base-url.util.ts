/** A base URL taken apart once, so that no request has to parse it. */
export interface BaseUrl {
  readonly origin: string;
  /** Path in front of every request path, without trailing slash; often empty. */
  readonly prefix: string;
}

/** @throws TypeError when the text is no URL. */
export function parseBaseUrl(url: string): BaseUrl {
  const { origin, pathname } = new URL(url);
  return { origin, prefix: pathname.replace(/\/+$/, '') };
}

/** Whether the URL leads to this machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Path segments of names; a name with a space or slash must not become another path. */
export function pathOf(...segments: readonly string[]): string {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
}
