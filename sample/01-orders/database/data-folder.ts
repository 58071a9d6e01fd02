import { join } from 'node:path';

/** Everything the sample keeps on this machine. Log and database stand in one folder, so that they are deleted together. */
const dataFolder = process.env['PATHWAYS_DATA'] ?? '.pathways/01-orders';

/** Local Flowcore's event log. */
export const flowcoreFolder = join(dataFolder, 'flowcore');

/** Local Postgres, unless DATABASE_URL names another one. */
export const postgresFolder = join(dataFolder, 'postgres');
