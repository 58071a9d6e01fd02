import { HttpRefusal } from '../http-refusal.js';
import { optionalText, requiredText, textList } from '../query.util.js';
import type { LocalCommandInput, LocalSource } from './control-plane.interface.js';

type Body = Readonly<Record<string, unknown>>;

// Each reader refuses with 400 and says which field it was.

export function objectOf(value: unknown, name: string): Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HttpRefusal(400, `"${name}" must be an object.`);
  return value as Body;
}

export function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new HttpRefusal(400, `"${name}" must be a number.`);
  return value;
}

export function numbersOf<K extends string>(
  value: unknown,
  name: string,
  fields: readonly K[],
): Record<K, number> {
  const body = objectOf(value, name);
  const entries = fields.map((field) => [field, numberOf(body[field], `${name}.${field}`)]);
  return Object.fromEntries(entries) as Record<K, number>;
}

export function textMapOf(value: unknown, name: string): Record<string, string> {
  const entries = Object.entries(objectOf(value ?? {}, name));
  return Object.fromEntries(entries.map(([key, text]) => [key, optionalText(text, `${name}.${key}`) ?? '']));
}

export function sourceOf(value: unknown, name: string): LocalSource {
  const body = objectOf(value, name);
  const endpoints = body['endpoints'];
  if (!Array.isArray(endpoints)) throw new HttpRefusal(400, `"${name}.endpoints" must be a list.`);
  return {
    ...(body as Partial<LocalSource>),
    flowType: requiredText(body['flowType'], `${name}.flowType`),
    eventTypes: textList(body['eventTypes'], `${name}.eventTypes`),
    endpoints: endpoints.map((endpoint: unknown, at) => {
      const place = `${name}.endpoints[${at}]`;
      const { url, authHeaders } = objectOf(endpoint, place);
      return { url: urlOf(url, `${place}.url`), authHeaders: textMapOf(authHeaders, `${place}.authHeaders`) };
    }),
  };
}

export function commandOf(body: Body): LocalCommandInput {
  const { position, sourceFlowTypes } = body;
  return {
    type: requiredText(body['type'], 'type'),
    // As it is: what a client makes of a malformed one is for it to show.
    position: (position ?? null) as Exclude<LocalCommandInput['position'], undefined>,
    sourceFlowTypes: sourceFlowTypes == null ? null : textList(sourceFlowTypes, 'sourceFlowTypes'),
    reason: optionalText(body['reason'], 'reason') ?? null,
    stopAt: optionalText(body['stopAt'], 'stopAt') ?? null,
  };
}

function urlOf(value: unknown, name: string): string {
  const url = requiredText(value, name);
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new HttpRefusal(400, `"${name}" must be an http(s) URL.`);
  return url;
}
