/** Query parameters that carry credentials (protocol §1.2). */
const SECRET_PARAMETER = /([?&](?:api_key|token)=)[^&#]*/gi;

/** A URL fit for logs and errors. */
export function maskedUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/?#@]*@/, '$1').replace(SECRET_PARAMETER, '$1***');
}

/** Takes secrets out of a text that came from elsewhere: some servers quote the key they refuse. */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '***');
  }
  return clean;
}
