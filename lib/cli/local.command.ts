import { Command, InvalidArgumentError } from 'commander';
import { type LocalFlowcore, startLocalFlowcore } from '../local/index.js';

interface LocalCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly data?: string;
  readonly strict: boolean;
  readonly tenant: readonly string[];
}

const DEFAULT_PORT = 4040;

/** `pathways local`: runs Local Flowcore until it is interrupted. */
export function localCommand(): Command {
  return new Command('local')
    .description('run Local Flowcore, an event platform for development on this machine')
    .option('--port <number>', 'TCP port; 0 takes a free one', portOf, DEFAULT_PORT)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'keep events in this folder (default: in memory, gone at the end)')
    .option('--strict', 'refuse writes to names that were not created before', false)
    .option('--tenant <name...>', 'create these tenants at the start', [])
    .action(run);
}

async function run({ tenant: tenants, data, ...options }: LocalCommandOptions): Promise<void> {
  // Before the greeting: whoever waits for it may interrupt at once.
  const interruption = interrupted();
  const local = await startLocalFlowcore({ ...options, tenants, ...(data === undefined ? {} : { data }) });
  process.stdout.write(greeting(local, data));
  await interruption;
  await local.stop();
  process.stdout.write('Local Flowcore stopped.\n');
}

/** Settles at the first SIGINT or SIGTERM; a second one ends the process the hard way. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let isInterrupted = false;
    const onSignal = () => {
      if (isInterrupted) process.exit(1);
      isInterrupted = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function greeting({ url }: LocalFlowcore, data: string | undefined): string {
  return [
    `Local Flowcore is listening on ${url}`,
    'It is a development tool, not a production store.',
    `Events are kept ${data === undefined ? 'in memory (keep them with --data <folder>)' : `in ${data}`}.`,
    '',
    'An application with this library:',
    `  PathwaysModule.forRoot({ baseUrl: '${url}', tenant: 'acme', dataCore: 'shop', apiKey: 'fc_local_key' })`,
    'The reference client:',
    `  new PathwaysBuilder({ baseUrl: '${url}', tenant: 'acme', dataCore: 'shop', apiKey: 'fc_local_key' })`,
    '',
    'Ctrl+C stops it.',
    '',
  ].join('\n');
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
