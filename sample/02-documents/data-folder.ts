import { join } from 'node:path';

/** Everything the sample keeps on this machine. */
const dataFolder = process.env['PATHWAYS_DATA'] ?? '.pathways/02-documents';

/** Local Flowcore's event log: the files themselves, as events. */
export const flowcoreFolder = join(dataFolder, 'flowcore');

/** Uploads on their way from the browser to the platform. */
export const uploadFolder = join(dataFolder, 'uploads');
