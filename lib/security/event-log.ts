import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { LogFields } from '../event/logger.interface.js';

/** How much of an event a log line may show. */
export interface EventLogOptions {
  readonly logPayloads: boolean;
  /** Names of metadata keys, in any case. */
  readonly redact: readonly string[];
}

const HIDDEN = '***';

/** Describes events for the log: no payloads unless asked for, and never the metadata that is to be hidden. */
export class EventLog {
  readonly logPayloads: boolean;
  private readonly hidden: ReadonlySet<string>;

  constructor({ logPayloads, redact }: EventLogOptions) {
    this.logPayloads = logPayloads;
    this.hidden = new Set(redact.map((key) => key.toLowerCase()));
  }

  fieldsOf({ eventId, metadata, payload }: FlowcoreEvent): LogFields {
    return {
      eventId,
      metadata: this.metadata(metadata),
      ...(this.logPayloads ? { payload } : {}),
    };
  }

  private metadata(metadata: FlowcoreEvent['metadata']): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [
        key,
        this.hidden.has(key.toLowerCase()) ? HIDDEN : value,
      ]),
    );
  }
}
