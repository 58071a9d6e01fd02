import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CursorStore, PumpCursor } from '../../../lib/state/cursor-store.interface.js';

/** What a user would write to keep cursors elsewhere: three methods. Holds the cursor of one pump. */
export class FileCursorStore implements CursorStore {
  private readonly file: string;

  constructor(
    folder: string,
    private readonly onLoad: () => void = () => {},
  ) {
    this.file = cursorFileIn(folder);
  }

  load(): PumpCursor | undefined {
    this.onLoad();
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as PumpCursor) : undefined;
  }

  save(_pump: unknown, cursor: PumpCursor): void {
    // Written beside and renamed: a crash must never leave half a cursor.
    writeFileSync(`${this.file}.new`, JSON.stringify(cursor));
    renameSync(`${this.file}.new`, this.file);
  }

  clear(): void {
    writeFileSync(this.file, '');
  }
}

export function cursorFileIn(folder: string): string {
  return join(folder, 'cursor.json');
}
