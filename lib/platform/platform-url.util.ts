/** A URL as the transport wants it. */
export interface PlatformLocation {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
}

/** Splits an absolute URL without parsing it: this runs for every write. */
export function locate(url: string): PlatformLocation {
  const pathAt = url.indexOf('/', url.indexOf('//') + 2);
  return pathAt < 0 ? { origin: url, path: '/' } : { origin: url.slice(0, pathAt), path: url.slice(pathAt) };
}
