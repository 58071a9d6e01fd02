import { join } from 'node:path';
import type Libsql from 'libsql';

const LOCK_FILE = 'local-flowcore.lock';

/**
 * The right to use a data folder. Two users would hand out event ids that are not in order.
 *
 * It is an open transaction on a database of its own: the operating system ends it with the process, however that
 * ends, and it prepares no statement. On the log itself it could not be given up in time, because the driver keeps a
 * closed file open until its statements are collected.
 */
export class FolderLock {
  private constructor(private readonly database: Libsql.Database) {}

  /** Throws an error with the code `SQLITE_BUSY` when somebody holds the folder. */
  static acquire(folder: string, open: (file: string) => Libsql.Database): FolderLock {
    const database = open(join(folder, LOCK_FILE));
    try {
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw error;
    }
    return new FolderLock(database);
  }

  release(): void {
    this.database.exec('ROLLBACK');
    this.database.close();
  }
}
