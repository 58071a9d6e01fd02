/** Everything but the payload that a request to the platform carries, as JSON. */
export interface OutboxHeaders {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly eventTime?: string;
  readonly validTime?: string;
  readonly eventTimeKey?: string;
  readonly validTimeKey?: string;
  readonly extra?: Readonly<Record<string, string>>;
}
