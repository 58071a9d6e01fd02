import { HttpRefusal } from '../http-refusal.js';
import { jsonReply, type LocalReply, type LocalRequest, type LocalRoute } from '../local-route.interface.js';
import { optionalText, requiredText } from '../query.util.js';
import { bodyOf } from '../resource.routes.js';
import { commandOf } from './body.util.js';
import type { LocalCommand, LocalDelivery } from './control-plane.interface.js';
import type { PathwayCatalog } from './pathway.catalog.js';
import type { PulseBook } from './pulse.book.js';

/** What the routes work with. */
export interface ControlPlaneParts {
  readonly pathways: PathwayCatalog;
  readonly pulses: PulseBook;
  deliveries(pathwayId?: string): readonly LocalDelivery[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Phases a pathway may report (protocol §7.4). */
const PHASES = ['acknowledged', 'restarting', 'running', 'failed', 'timedOut'];

/** `/api/v1/pathways`, `/pump-pulse`, `/commands`, `/delivery-log` (protocol §7); keyed by the segment after the version. */
export function controlPlaneRoutes(parts: ControlPlaneParts): Map<string, LocalRoute> {
  return new Map<string, LocalRoute>([
    ['pathways', (request) => pathways(request, parts)],
    ['pump-pulse', (request) => pulse(request, parts)],
    ['commands', (request) => command(request, parts)],
    ['delivery-log', (request) => deliveryLog(request, parts)],
  ]);
}

async function pathways(request: LocalRequest, parts: ControlPlaneParts): Promise<LocalReply> {
  const { method, segments, query } = request;
  const [, , , id, action] = segments;
  if (id === undefined) {
    only(method, 'GET');
    return list(parts, query);
  }
  if (id === 'by-name') {
    const name = requiredText(action, 'name');
    if (method === 'PUT') {
      const body = await bodyOf(request);
      const status = parts.pathways.upsert(name, body);
      const pathway = parts.pathways.requireByName(requiredText(body['tenant'], 'tenant'), name);
      return jsonReply({ pathwayId: pathway.id, status });
    }
    only(method, 'GET');
    return jsonReply(parts.pathways.requireByName(requiredText(query.get('tenant'), 'tenant'), name));
  }
  const pathway = parts.pathways.require(uuidOf(id));
  switch (action) {
    case undefined:
      if (method === 'DELETE') {
        parts.pathways.delete(id);
        return jsonReply({ pathwayId: id, status: 'deleted' });
      }
      only(method, 'GET');
      return jsonReply(pathway);
    case 'disable':
      only(method, 'POST');
      parts.pathways.change({ ...pathway, enabled: false });
      return jsonReply({ pathwayId: id, status: 'disabled' });
    case 'pump-status':
      only(method, 'GET');
      return jsonReply({ pathwayId: id, pulses: parts.pulses.status(id), assignment: null });
    case 'commands':
      return pathwayCommands(request, id, parts);
    default:
      throw new HttpRefusal(404, 'There is no such path.');
  }
}

/** The queue; `POST …/commands` is Local Flowcore's own way to fill it. */
async function pathwayCommands(
  request: LocalRequest,
  pathwayId: string,
  { pathways }: ControlPlaneParts,
): Promise<LocalReply> {
  const { method } = request;
  const [commandId, action] = request.segments.slice(5);
  if (commandId === undefined) {
    if (method === 'GET') return jsonReply({ commands: pathways.commands(pathwayId).map(detail) });
    only(method, 'POST');
    return jsonReply(detail(pathways.addCommand(pathwayId, commandOf(await bodyOf(request)))), 201);
  }
  if (commandId === 'pending' && action === undefined) {
    only(method, 'GET');
    return jsonReply({ commands: pathways.pending(pathwayId).map(pendingView) });
  }
  if (action !== 'status') throw new HttpRefusal(404, 'There is no such path.');
  only(method, 'POST');
  const command = pathways.requireCommand(commandId);
  if (command.pathwayId !== pathwayId) throw new HttpRefusal(404, `Command "${commandId}" was not found.`);
  const body = await bodyOf(request);
  const phase = requiredText(body['phase'], 'phase');
  if (!PHASES.includes(phase)) throw new HttpRefusal(400, `"phase" must be one of ${PHASES.join(', ')}.`);
  pathways.report(command, phase, optionalText(body['details'], 'details') ?? null);
  return jsonReply({ commandId, phase });
}

async function pulse(request: LocalRequest, { pathways, pulses }: ControlPlaneParts): Promise<LocalReply> {
  only(request.method, 'POST');
  const body = await bodyOf(request);
  const { id } = pathways.require(uuidOf(requiredText(body['pathwayId'], 'pathwayId')));
  pulses.add(id, body);
  return jsonReply({ status: 'ok' });
}

function command({ method, segments }: LocalRequest, { pathways }: ControlPlaneParts): LocalReply {
  only(method, 'GET');
  return jsonReply(detail(pathways.requireCommand(segments[3] ?? '')));
}

function deliveryLog({ method, query }: LocalRequest, { deliveries }: ControlPlaneParts): LocalReply {
  only(method, 'GET');
  const success = query.get('success');
  const found = deliveries(query.get('pathwayId') ?? undefined).filter(
    (entry) => !success || String(entry.success) === success,
  );
  const entries = paged(found, query).map((entry) => ({
    ...entry,
    assignmentId: 'local',
    batchSize: 1,
    sourceId: null,
  }));
  return jsonReply({ entries, total: found.length });
}

function list({ pathways }: ControlPlaneParts, query: URLSearchParams): LocalReply {
  const found = pathways
    .all()
    .filter((pathway) =>
      (['tenant', 'type', 'sizeClass', 'enabled'] as const).every(
        (field) => !query.get(field) || String(pathway[field]) === query.get(field),
      ),
    );
  return jsonReply({ pathways: paged(found, query), total: found.length });
}

function paged<T>(all: readonly T[], query: URLSearchParams): T[] {
  const sorted = query.get('sort') === 'desc' ? all.toReversed() : [...all];
  const offset = Number(query.get('offset') ?? 0);
  return sorted.slice(offset, offset + Number(query.get('limit') ?? 100));
}

/** With every field that one of the clients insists on (protocol §7.4). */
function pendingView(command: LocalCommand): Record<string, unknown> {
  const { id, type, position, sourceFlowTypes, reason, stopAt, phase, createdAt } = command;
  const fixed = { restartRequestId: null, assignmentId: 'local', generation: 0, timeoutMs: null };
  return { id, type, ...fixed, position, sourceFlowTypes, reason, stopAt, phase, createdAt };
}

function detail(command: LocalCommand): Record<string, unknown> {
  return {
    ...command,
    reports: undefined,
    restartRequestId: null,
    assignmentId: null,
    generation: null,
    timeoutMs: null,
    config: null,
  };
}

function only(method: string, expected: string): void {
  if (method !== expected) throw new HttpRefusal(405, `This path does not take ${method}.`);
}

function uuidOf(id: string): string {
  if (!UUID.test(id)) throw new HttpRefusal(400, `"${id}" is no pathway id: it must be a UUID.`);
  return id;
}
