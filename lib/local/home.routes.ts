import { jsonReply, type LocalRoute } from './local-route.interface.js';
import type { LocalFlowcoreStats } from './local-flowcore.interface.js';

/** `GET /` for people, `GET /health` for machines. */
export function homeRoutes(url: () => string, stats: () => LocalFlowcoreStats): Map<string, LocalRoute> {
  const home: LocalRoute = () => ({
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: homeText(url(), stats()),
  });
  return new Map<string, LocalRoute>([
    ['', home],
    ['health', () => jsonReply({ status: 'ok' })],
  ]);
}

function homeText(url: string, stats: LocalFlowcoreStats): string {
  const { events, tenants, dataCores, flowTypes, eventTypes } = stats.totals;
  const requests = Object.entries(stats.requests)
    .sort(([, left], [, right]) => right - left)
    .map(([route, count]) => `  ${String(count).padStart(8)}  ${route}`);
  return [
    'Local Flowcore: an event platform for development and tests.',
    'It speaks the wire protocol of Flowcore on this machine only. It is no production store.',
    '',
    `  base URL       ${url}`,
    `  notifications  ${url.replace(/^http/, 'ws')}/notifications`,
    '',
    `  ${events} events, ${tenants} tenants, ${dataCores} data cores, ${flowTypes} flow types, ${eventTypes} event types`,
    `  ${stats.openSockets.notifications} notification sockets, ${stats.openSockets.http} HTTP connections`,
    '',
    'Requests since the start:',
    ...requests,
    '',
  ].join('\n');
}
