import type { Migration } from '../migration.interface.js';

/**
 * Until when a pump that rests has nothing unfinished, and the token it said so with. A row that an older release has
 * written since bears another token, so that what stands here does not count any more.
 */
export const pumpRest: Migration = {
  version: 3,
  name: 'pump rest',
  breaking: false,
  statements: (tables) => [
    `ALTER TABLE ${tables.sql('pumpState')}
  ADD COLUMN IF NOT EXISTS caught_up_at TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS caught_up_token BIGINT`,
  ],
};
