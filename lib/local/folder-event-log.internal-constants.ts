export const FOLDER_LOG_FILE = 'local-flowcore.db';

/** Clustered by place, so that a page is one sequential read. */
export const FOLDER_LOG_SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS events (
    event_type_id TEXT NOT NULL,
    time_bucket TEXT NOT NULL,
    sort_key TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (event_type_id, time_bucket, sort_key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS buckets (
    event_type_id TEXT NOT NULL,
    time_bucket TEXT NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (event_type_id, time_bucket)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS resources (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;
