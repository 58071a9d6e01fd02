import { PathwayHandlerDuplicateError } from '../errors/pathway-handler-duplicate.error.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type {
  AuditBinding,
  ErrorBinding,
  HandlerBinding,
  ObserverBinding,
} from './handler-binding.interface.js';

/** Everything that runs for one pathway. */
export interface PathwayBindings {
  handler: HandlerBinding | undefined;
  /** Whether there are any observers: asked for every event. */
  isObserved: boolean;
  before: ObserverBinding[];
  after: ObserverBinding[];
  onError: ErrorBinding[];
}

/** Who runs for which pathway. Filled by the explorer or the builder, read by the processor. */
export class HandlerRegistry {
  private readonly byPathway = new Map<PathwayKey, PathwayBindings>();
  private readonly onAnyError: ErrorBinding[] = [];
  private readonly onAudit: AuditBinding[] = [];

  /** @throws PathwayHandlerDuplicateError when the pathway has a handler already. */
  addHandler(binding: HandlerBinding): void {
    const bindings = this.of(binding.pathway);
    if (bindings.handler) {
      throw new PathwayHandlerDuplicateError(binding.pathway, bindings.handler.where, binding.where);
    }
    bindings.handler = binding;
  }

  addObserver(binding: ObserverBinding): void {
    const bindings = this.of(binding.pathway);
    bindings.isObserved = true;
    if (binding.stage !== 'after') bindings.before.push(binding);
    if (binding.stage !== 'before') bindings.after.push(binding);
  }

  addErrorHandler(binding: ErrorBinding): void {
    if (binding.pathway === undefined) this.onAnyError.push(binding);
    else this.of(binding.pathway).onError.push(binding);
  }

  addAuditHandler(binding: AuditBinding): void {
    this.onAudit.push(binding);
  }

  /** The bindings of a pathway: a live view, so handlers added later are seen. */
  of(pathway: PathwayKey): PathwayBindings {
    let bindings = this.byPathway.get(pathway);
    if (!bindings) {
      bindings = { handler: undefined, isObserved: false, before: [], after: [], onError: [] };
      this.byPathway.set(pathway, bindings);
    }
    return bindings;
  }

  /** Called for every failed attempt of any pathway, after the pathway's own error handlers. */
  anyErrorHandlers(): readonly ErrorBinding[] {
    return this.onAnyError;
  }

  /** Called for every event, before its observers. */
  auditHandlers(): readonly AuditBinding[] {
    return this.onAudit;
  }

  handlers(): HandlerBinding[] {
    return [...this.byPathway.values()].flatMap(({ handler }) => handler ?? []);
  }
}
