import type { Migration } from '../migration.interface.js';

/** Where a bounded replay ends, and whether it has. Releases that do not know these columns would run on behind it. */
export const pumpStop: Migration = {
  version: 2,
  name: 'pump stop',
  breaking: false,
  statements: (tables) => [
    `ALTER TABLE ${tables.sql('pumpState')}
  ADD COLUMN IF NOT EXISTS stop_at TEXT,
  ADD COLUMN IF NOT EXISTS has_stopped BOOLEAN NOT NULL DEFAULT false`,
  ],
};
