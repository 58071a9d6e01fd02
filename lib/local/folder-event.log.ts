/**
 * The durable log: one SQLite file in a folder, through `libsql`.
 *
 * Durability: write-ahead log with `synchronous = NORMAL`. A transaction that has returned is in the operating
 * system's hands, so killing the process (`kill -9`) loses no answered event. A power cut may lose the newest ones:
 * this is a development tool.
 *
 * Writes: entries appended during one turn of the event loop share one transaction. A failing transaction fails all
 * writes in it; none of them was stored.
 *
 * One process at a time: see {@link FolderLock}.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type Libsql from 'libsql';
import { LocalFlowcoreStartError } from '../errors/local-flowcore-start.error.js';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';
import type { EventLog, LogChunk, LogCount, LogEntry, LogOrder, LogRange } from './event-log.interface.js';
import { BucketIndex } from './bucket.index.js';
import { FOLDER_LOG_FILE, FOLDER_LOG_SCHEMA } from './folder-event-log.internal-constants.js';
import { FolderLock } from './folder.lock.js';
import type { ResourceRecord } from './resource.interface.js';

interface PendingAppend {
  readonly entries: readonly LogEntry[];
  resolve(): void;
  reject(reason: unknown): void;
}

/** Opens the log of a folder, creating both when missing. */
export async function openFolderEventLog(folder: string): Promise<FolderEventLog> {
  const open = await loadDriver();
  let lock: FolderLock | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    lock = FolderLock.acquire(folder, open);
    const database = open(join(folder, FOLDER_LOG_FILE));
    database.exec(FOLDER_LOG_SCHEMA);
    return new FolderEventLog(database, lock);
  } catch (cause) {
    lock?.release();
    const isBusy = String((cause as { code?: unknown }).code).startsWith('SQLITE_BUSY');
    throw new LocalFlowcoreStartError(
      isBusy
        ? `Local Flowcore cannot use the folder "${folder}": another running process uses it. Stop that process, or give this one a folder of its own.`
        : `Local Flowcore cannot use the folder "${folder}": ${(cause as Error).message}. Check that it is a writable folder; if it held a damaged log, delete it and start again.`,
      { cause },
    );
  }
}

async function loadDriver(): Promise<(file: string) => Libsql.Database> {
  try {
    const { default: Database } = await import('libsql');
    return (file) => new Database(file);
  } catch (cause) {
    throw new OptionalPackageMissingError('libsql', 'Local Flowcore with a data folder', cause);
  }
}

export class FolderEventLog implements EventLog {
  private readonly index = new BucketIndex();
  private readonly statements;
  private readonly rangeReads = new Map<string, Libsql.Statement<unknown[]>>();
  private pending: PendingAppend[] = [];
  private liveKey: string | undefined;
  private isClosed = false;

  constructor(
    private readonly database: Libsql.Database,
    private readonly lock: FolderLock,
  ) {
    const prepare = (sql: string) => database.prepare<unknown[]>(sql);
    this.statements = {
      insert: prepare('INSERT INTO events (event_type_id, time_bucket, sort_key, text) VALUES (?, ?, ?, ?)'),
      count: prepare(
        `INSERT INTO buckets (event_type_id, time_bucket, events) VALUES (?, ?, ?)
         ON CONFLICT (event_type_id, time_bucket) DO UPDATE SET events = events + excluded.events`,
      ),
      live: prepare(
        `INSERT INTO settings (name, value) VALUES ('lastLiveKey', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      ),
      last: prepare(
        'SELECT max(sort_key) FROM events WHERE event_type_id = ? AND time_bucket = ? AND sort_key < ?',
      ).raw(),
      resource: prepare(
        'INSERT INTO resources (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
      ),
      documents: prepare('SELECT id, text FROM documents WHERE collection = ?').raw(),
      saveDocument: prepare(
        `INSERT INTO documents (collection, id, text) VALUES (?, ?, ?)
         ON CONFLICT (collection, id) DO UPDATE SET text = excluded.text`,
      ),
      deleteDocument: prepare('DELETE FROM documents WHERE collection = ? AND id = ?'),
    };
    const rows = prepare('SELECT event_type_id, time_bucket, events FROM buckets').raw().all();
    for (const [type, bucket, events] of rows as [string, string, number][])
      this.index.add(type, bucket, events);
    const [live] = prepare("SELECT value FROM settings WHERE name = 'lastLiveKey'").raw().all() as [string][];
    this.liveKey = live?.[0];
  }

  append(entries: readonly LogEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new Error('Local Flowcore is stopped.'));
      if (this.pending.push({ entries, resolve, reject }) === 1) setImmediate(() => this.flush());
    });
  }

  read(eventTypeId: string, timeBucket: string, range: LogRange, limit: number, order: LogOrder): LogChunk {
    const bounds = (
      [
        ['>', range.after],
        ['>=', range.from],
        ['<', range.before],
        ['<=', range.to],
      ] as const
    ).filter(([, key]) => key !== undefined);
    const where = bounds.map(([operator]) => ` AND sort_key ${operator} ?`).join('');
    const sql = `SELECT sort_key, text FROM events WHERE event_type_id = ? AND time_bucket = ?${where} ORDER BY sort_key ${order} LIMIT ?`;
    let statement = this.rangeReads.get(sql);
    if (!statement) this.rangeReads.set(sql, (statement = this.database.prepare<unknown[]>(sql).raw()));
    const rows = statement.all(eventTypeId, timeBucket, ...bounds.map(([, key]) => key), limit) as [
      string,
      string,
    ][];
    return { keys: rows.map(([key]) => key), texts: rows.map(([, text]) => text) };
  }

  timeBuckets(eventTypeId: string): readonly string[] {
    return this.index.bucketsOf(eventTypeId);
  }

  lastKeyBefore(timeBucket: string, before: string): string | undefined {
    let last: string | undefined;
    for (const eventTypeId of this.index.typesIn(timeBucket)) {
      const [key] = this.statements.last.get(eventTypeId, timeBucket, before) as [string | null];
      if (key !== null && (last === undefined || key > last)) last = key;
    }
    return last;
  }

  lastLiveKey(): string | undefined {
    return this.liveKey;
  }

  counts(): readonly LogCount[] {
    return this.index.counts();
  }

  resources(): readonly ResourceRecord[] {
    const rows = this.database.prepare<unknown[]>('SELECT record FROM resources').raw().all() as [string][];
    return rows.map(([record]) => JSON.parse(record) as ResourceRecord);
  }

  saveResource(record: ResourceRecord): void {
    this.statements.resource.run(record.id, JSON.stringify(record));
  }

  documents(collection: string): readonly { readonly id: string; readonly text: string }[] {
    const rows = this.statements.documents.all(collection) as [string, string][];
    return rows.map(([id, text]) => ({ id, text }));
  }

  saveDocument(collection: string, id: string, text: string): void {
    this.statements.saveDocument.run(collection, id, text);
  }

  deleteDocument(collection: string, id: string): void {
    this.statements.deleteDocument.run(collection, id);
  }

  close(): void {
    if (this.isClosed) return;
    this.flush();
    this.isClosed = true;
    this.database.close();
    this.lock.release();
  }

  private flush(): void {
    const appends = this.pending;
    if (appends.length === 0) return;
    this.pending = [];
    try {
      this.store(appends.flatMap(({ entries }) => entries));
    } catch (error) {
      // One bad entry (an id that exists) must not fail its neighbours: each write gets its own transaction.
      if (appends.length > 1) return appends.forEach((append) => this.storeAlone(append));
      return appends[0]?.reject(error);
    }
    for (const append of appends) append.resolve();
  }

  private storeAlone(append: PendingAppend): void {
    try {
      this.store(append.entries);
      append.resolve();
    } catch (error) {
      append.reject(error);
    }
  }

  private store(entries: readonly LogEntry[]): void {
    const counted = new BucketIndex();
    let liveKey = this.liveKey;
    this.database.exec('BEGIN IMMEDIATE');
    try {
      for (const { eventTypeId, timeBucket, sortKey, text, live } of entries) {
        this.statements.insert.run(eventTypeId, timeBucket, sortKey, text);
        counted.add(eventTypeId, timeBucket, 1);
        if (live && (liveKey === undefined || sortKey > liveKey)) liveKey = sortKey;
      }
      for (const count of counted.counts())
        this.statements.count.run(count.eventTypeId, count.timeBucket, count.events);
      if (liveKey !== this.liveKey) this.statements.live.run(liveKey);
      this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
    this.liveKey = liveKey;
    for (const count of counted.counts()) this.index.add(count.eventTypeId, count.timeBucket, count.events);
  }
}
