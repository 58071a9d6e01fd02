const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Payload Too Large',
  426: 'Upgrade Required',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Ends a request with an error answer. Never leaves the server: the exchange turns it into a response. */
export class HttpRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** The shapes the reference builder recognises, in one body (protocol §3.5). */
  get body(): string {
    return errorBody(this.status, this.message);
  }
}

export function errorBody(status: number, message: string): string {
  return JSON.stringify({ statusCode: status, error: REASONS[status] ?? 'Error', message });
}
