import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** One pump of the stand-in, with what tests may do to it. */
export interface MadePump {
  readonly isRunning: boolean;
  isMute: boolean;
  beforeCurrentHour: Promise<unknown>;
  readonly stops: number;
  readonly pagesRead: number;
  /** The position it had saved. */
  readonly saved: { readonly eventId: string } | undefined;
  stop(): void;
  end(error?: Error): void;
}

/** What tests use of the stand-in. */
export interface StandIn {
  made: MadePump[];
  refusal: Error | undefined;
}

const source = fileURLToPath(new URL('package/', import.meta.url));

/** Puts the stand-in where a package manager would. */
export function installDataPump(folder: string): string {
  const target = join(folder, 'node_modules', '@flowcore', 'data-pump');
  cpSync(source, target, { recursive: true });
  return target;
}

/** The stand-in in a node_modules folder of its own. */
export async function installedDataPump(): Promise<{
  readonly standIn: StandIn;
  load(): Promise<unknown>;
  remove(): void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'data-pump-'));
  const url = pathToFileURL(join(installDataPump(folder), 'index.js')).href;
  const load = () => import(/* @vite-ignore */ url) as Promise<unknown>;
  const { FlowcoreDataPump } = (await load()) as { FlowcoreDataPump: StandIn };
  return {
    standIn: FlowcoreDataPump,
    load,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
