import type { LocalFlowcore } from 'nestjs-pathways/local';

/** Writes one event (or, with a list, a batch) over plain HTTP and returns the ids. */
export async function rawWrite(
  local: LocalFlowcore,
  names: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const route = Array.isArray(body) ? 'events' : 'event';
  const response = await fetch(`${local.url}/${route}/${names}`, {
    method: 'POST',
    headers: { authorization: 'fc_id_secret', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { eventId?: string; eventIds?: string[] };
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer.eventIds ?? [answer.eventId as string];
}
