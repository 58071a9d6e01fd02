/** Query parameters that carry credentials (protocol §1.2). */
const SECRET_PARAMETER = /([?&](?:api_key|token)=)[^&#]*/gi;

/** A URL fit for logs and errors. */
export function maskedUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/?#@]*@/, '$1').replace(SECRET_PARAMETER, '$1***');
}

const MIN_SECRET_LENGTH = 8;

/** Takes secrets out of a text that came from elsewhere: some servers quote the key they refuse. */
export type Redact = (text: string) => string;

/** A function, not a list of secrets, so that nothing that holds it shows them when it is logged. */
export function redactorOf(secret: string): Redact {
  // A word like "local" is nobody's secret, and replacing it would garble messages.
  if (secret.length < MIN_SECRET_LENGTH) return nothingToRedact;
  return (text) => text.replaceAll(secret, '***');
}

/** Takes several secrets out. */
export function redactorOfAll(secrets: readonly string[]): Redact {
  const redactors = secrets.map(redactorOf);
  return (text) => redactors.reduce((left, redact) => redact(left), text);
}

/** For clients without credentials. */
export const nothingToRedact: Redact = (text) => text;
