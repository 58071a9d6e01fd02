import type { Migration } from '../migration.interface.js';

/**
 * Which of the paused pumps the application paused itself, so that a control plane that says "active" does not resume them.
 * Pauses that were stored before count as the control plane's.
 */
export const pauseOrigin: Migration = {
  version: 4,
  name: 'pause origin',
  breaking: false,
  statements: (tables) => [
    `ALTER TABLE ${tables.sql('deliveryState')} ADD COLUMN IF NOT EXISTS application_pauses TEXT[] NOT NULL DEFAULT '{}'`,
  ],
};
