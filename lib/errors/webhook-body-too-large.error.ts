import { PathwaysError } from './pathways.error.js';

/** The body of a delivery is larger than `webhook.maxBodyBytes`. */
export class WebhookBodyTooLargeError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WEBHOOK_BODY_TOO_LARGE';
  static override readonly httpStatus = 413;

  constructor(readonly maxBodyBytes: number) {
    super(
      `The body is larger than the limit of ${maxBodyBytes} bytes. Deliver fewer events at once, or raise webhook.maxBodyBytes.`,
    );
  }
}
