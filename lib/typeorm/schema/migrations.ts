import type { Migration } from './migration.interface.js';
import { firstTables } from './migrations/v1-first-tables.migration.js';
import { pumpStop } from './migrations/v2-pump-stop.migration.js';
import { pumpRest } from './migrations/v3-pump-rest.migration.js';
import { pauseOrigin } from './migrations/v4-pause-origin.migration.js';

/** Every step, oldest first. */
export const MIGRATIONS: readonly Migration[] = [firstTables, pumpStop, pumpRest, pauseOrigin];
