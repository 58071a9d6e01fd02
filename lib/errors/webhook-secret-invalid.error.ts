import { PathwaysError } from './pathways.error.js';

/** The secret of a delivery is missing or wrong. */
export class WebhookSecretInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WEBHOOK_SECRET_INVALID';
  static override readonly httpStatus = 401;

  constructor(readonly present: boolean) {
    super(
      `Invalid secret key: the delivery ${present ? 'carries a secret that is not configured here' : 'carries no secret'}. Configure the same secret on the sender and in webhook.secrets; during a rotation list the old and the new one.`,
    );
  }
}
