import { Command } from 'commander';
import { localCommand } from './local.command.js';
import { provisionCommand } from './provision.command.js';
import { schemaCommand } from './schema.command.js';

/** The `pathways` command; each sub-command lives in a file of its own. */
export function createProgram(): Command {
  return new Command('pathways')
    .description('Tools for services built with nestjs-pathways')
    .showHelpAfterError('(run with --help to see what is possible)')
    .addCommand(localCommand())
    .addCommand(schemaCommand())
    .addCommand(provisionCommand());
}
