import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { PumpPosition } from '../pump/pump.options.js';
import { MemoryCursorStore } from '../state/memory-cursor.store.js';
import { MemoryDeadLetterStore } from '../state/memory-dead-letter.store.js';
import { MemoryPathwayState } from '../state/memory-pathway.state.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';
import { DeferredCursors } from './pump-state-manager.js';

/** How an engine is called in the log, and where its platform is. */
export interface EngineIntroduction {
  /** @default the data core's */
  readonly name?: string;
  /** @default the host that events are written to */
  readonly platform?: string | undefined;
}

export interface DescribedEngine extends EngineIntroduction {
  readonly options: ResolvedEngineOptions;
  readonly hosts: PlatformHosts;
  readonly store: PathwaysStore;
  /** As the pumps were last told. */
  readonly startFrom: PumpPosition;
}

/** What is in force, in one line: who brings events, from where, and what would be lost with the process. */
export function describeEngine({
  options,
  hosts,
  store,
  startFrom,
  ...introduction
}: DescribedEngine): string {
  const { tenant, dataCore, runtimeEnv, pathwayMode, pumpEnabled } = options;
  const { name = `Data core "${tenant}/${dataCore}"`, platform = hosts.ingestion } = introduction;
  const isDelivered = pathwayMode === 'managed' && !pumpEnabled;
  const none = isDelivered ? 'no pumps: the platform delivers to the webhook' : 'no pumps';
  const pumps = pumpEnabled ? `pumps start from ${show(startFrom)}` : none;
  const memory = inMemory(store);
  const kept = memory.length > 0 ? `in memory: ${memory.join(', ')}` : 'durable store';
  return `${name} (${runtimeEnv}, ${pathwayMode}): platform ${platform}, ${pumps}, ${kept}`;
}

/** Also parts somebody gave: a memory store that is handed over is no more durable for it. */
function inMemory({ state, cursors, deadLetters }: PathwaysStore): string[] {
  return [
    ...(state instanceof MemoryPathwayState ? ['state'] : []),
    ...(isMemory(cursors) ? ['cursors'] : []),
    ...(deadLetters instanceof MemoryDeadLetterStore ? ['deadLetters'] : []),
  ];
}

/** A builder's cursors stand in front of those that `startPump` is told. */
function isMemory(cursors: PathwaysStore['cursors']): boolean {
  return cursors instanceof DeferredCursors ? cursors.isMemory : cursors instanceof MemoryCursorStore;
}

function show(position: PumpPosition): string {
  if (position instanceof Date) return position.toISOString();
  return typeof position === 'string' ? position : JSON.stringify(position);
}
