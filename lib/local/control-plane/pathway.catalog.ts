import { createHash, randomUUID } from 'node:crypto';
import type { EventLog } from '../event-log.interface.js';
import { HttpRefusal } from '../http-refusal.js';
import { optionalText, requiredText, textList } from '../query.util.js';
import { objectOf, sourceOf, textMapOf } from './body.util.js';
import type { LocalCommand, LocalCommandInput, LocalPathway } from './control-plane.interface.js';
import { DocumentShelf } from './document.shelf.js';

type Body = Readonly<Record<string, unknown>>;

/** Registered pathways and their commands. */
export class PathwayCatalog {
  private readonly pathwayShelf: DocumentShelf<LocalPathway>;
  private readonly commandShelf: DocumentShelf<LocalCommand>;
  private readonly listeners: (() => void)[] = [];

  constructor(
    log: EventLog,
    private readonly nowIso: () => string,
  ) {
    this.pathwayShelf = new DocumentShelf(log, 'pathways');
    this.commandShelf = new DocumentShelf(log, 'commands');
  }

  /** Called after a pathway changed. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  all(): LocalPathway[] {
    return this.pathwayShelf.all();
  }

  get(id: string): LocalPathway | undefined {
    return this.pathwayShelf.get(id);
  }

  /** @throws HttpRefusal 404 */
  require(id: string): LocalPathway {
    const pathway = this.get(id);
    if (!pathway) throw new HttpRefusal(404, `Pathway "${id}" was not found.`);
    return pathway;
  }

  /** @throws HttpRefusal 404 */
  requireByName(tenant: string, name: string): LocalPathway {
    const pathway = this.get(idOf(tenant, name));
    if (!pathway) throw new HttpRefusal(404, `Tenant "${tenant}" has no pathway "${name}".`);
    return pathway;
  }

  /** Registers a pathway, or replaces what was registered under its name; a pause stays (protocol §7.1). */
  upsert(name: string, body: Body): 'created' | 'updated' {
    const tenant = requiredText(body['tenant'], 'tenant');
    const type = body['type'] ?? 'managed';
    if (type !== 'virtual' && type !== 'managed')
      throw new HttpRefusal(400, '"type" must be "virtual" or "managed".');
    const id = idOf(tenant, name);
    const known = this.get(id);
    const now = this.nowIso();
    this.change({
      id,
      tenant,
      name,
      dataCore: requiredText(body['dataCore'], 'dataCore'),
      type,
      sizeClass: optionalText(body['sizeClass'], 'sizeClass') ?? 'small',
      enabled: body['enabled'] !== false,
      priority: 0,
      version: (known?.version ?? 0) + 1,
      labels: textMapOf(body['labels'], 'labels'),
      ...detailsOf(type, body),
      deliveryState: known?.deliveryState ?? 'active',
      deliveryPauseTargets: known?.deliveryPauseTargets ?? null,
      createdAt: known?.createdAt ?? now,
      updatedAt: now,
    });
    return known ? 'updated' : 'created';
  }

  /** Replaces what is stored of a pathway. */
  change(pathway: LocalPathway): void {
    this.pathwayShelf.save(pathway.id, pathway);
    for (const tell of this.listeners) tell();
  }

  delete(id: string): void {
    this.pathwayShelf.delete(id);
    for (const tell of this.listeners) tell();
  }

  /** Queues a command; a pause or resume also changes the delivery state. @throws HttpRefusal 404, 400 */
  addCommand(pathwayId: string, input: LocalCommandInput): LocalCommand {
    const pathway = this.require(pathwayId);
    if (pathway.type !== 'virtual')
      throw new HttpRefusal(400, 'Only the pumps of a virtual pathway take commands.');
    const now = this.nowIso();
    const targets = input.sourceFlowTypes?.length ? input.sourceFlowTypes : null;
    if (/^(datapumpP|p)ause$/.test(input.type)) this.change(paused(pathway, targets));
    if (/^(datapumpR|r)esume$/.test(input.type)) this.change(resumed(pathway, targets));
    const id = randomUUID();
    return this.commandShelf.save(id, {
      id,
      pathwayId,
      type: input.type,
      position: input.position ?? null,
      sourceFlowTypes: targets,
      reason: input.reason ?? null,
      stopAt: input.stopAt ?? null,
      phase: 'dispatched',
      details: null,
      reports: [],
      createdAt: now,
      updatedAt: now,
    });
  }

  commands(pathwayId: string): LocalCommand[] {
    return this.commandShelf.all().filter((command) => command.pathwayId === pathwayId);
  }

  /** What the pathway has not answered yet. */
  pending(pathwayId: string): LocalCommand[] {
    return this.commands(pathwayId).filter(({ phase }) => phase === 'dispatched');
  }

  /** @throws HttpRefusal 404 */
  requireCommand(commandId: string): LocalCommand {
    const command = this.commandShelf.get(commandId);
    if (!command) throw new HttpRefusal(404, `Command "${commandId}" was not found.`);
    return command;
  }

  report(command: LocalCommand, phase: string, details: string | null): void {
    const reports = [...command.reports, { phase, details }];
    this.commandShelf.save(command.id, { ...command, phase, details, reports, updatedAt: this.nowIso() });
  }
}

function detailsOf(type: string, body: Body): Pick<LocalPathway, 'config' | 'virtualConfig'> {
  if (type === 'virtual') {
    const { flowTypes } = objectOf(body['virtualConfig'] ?? {}, 'virtualConfig');
    return {
      virtualConfig:
        flowTypes === undefined ? {} : { flowTypes: textList(flowTypes, 'virtualConfig.flowTypes') },
    };
  }
  const { sources } = objectOf(body['config'] ?? { sources: [] }, 'config');
  if (!Array.isArray(sources)) throw new HttpRefusal(400, '"config.sources" must be a list.');
  return { config: { sources: sources.map((source, at) => sourceOf(source, `config.sources[${at}]`)) } };
}

function paused(pathway: LocalPathway, targets: readonly string[] | null): LocalPathway {
  const { deliveryState, deliveryPauseTargets: before } = pathway;
  const isWhole = targets === null || (deliveryState === 'paused' && before === null);
  const deliveryPauseTargets = isWhole ? null : [...new Set([...(before ?? []), ...targets])];
  return { ...pathway, deliveryState: 'paused', deliveryPauseTargets };
}

/** Of all that is paused a part is resumed: what is left is named by the flow types that were registered. */
function resumed(pathway: LocalPathway, targets: readonly string[] | null): LocalPathway {
  const { deliveryState, deliveryPauseTargets, virtualConfig } = pathway;
  const before = deliveryState === 'paused' ? (deliveryPauseTargets ?? virtualConfig?.flowTypes ?? []) : [];
  const left = before.filter(
    (target) =>
      targets !== null && !targets.some((resumed) => target === resumed || target.startsWith(`${resumed}::`)),
  );
  return left.length === 0
    ? { ...pathway, deliveryState: 'active', deliveryPauseTargets: null }
    : { ...pathway, deliveryState: 'paused', deliveryPauseTargets: left };
}

/** A UUID-shaped hash, so that an id that a client remembers stays right when an in-memory platform starts again. */
function idOf(tenant: string, name: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify(['pathway', tenant, name]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
