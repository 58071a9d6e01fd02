// Type-checks the README of the reference client against this library: what a migrant has must go on compiling. Only the name
// of the package is changed, and the corrections in test/seed/corrections.ts are made. `npm run seed:check`; with
// `-- --against @flowcore/pathways`, against the reference client itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seedCorrections } from '../test/seed/corrections.js';
import { checkBlocks } from './support/block-check.js';
import type { CodeBlock } from './support/code-blocks.js';
import { root } from './support/library-program.js';
import { seedBlocksOf } from './support/seed-blocks.js';

const REFERENCE = '@flowcore/pathways';
const PAGE = 'test/seed/README.txt';

const DENO = `declare module 'https://deno.land/std/http/server.ts' {
  export function serve(handler: (request: Request) => Promise<Response>, options?: { port?: number }): Promise<void>;
}`;

const flag = process.argv.indexOf('--against');
const library = (flag < 0 ? undefined : process.argv[flag + 1]) ?? 'nestjs-pathways';
const blocks = seedBlocksOf(PAGE, read(PAGE));
const unused = new Set(seedCorrections);
const errors = checkBlocks({
  folder: 'seed-code',
  blocks,
  modulesOf: () => ['./prelude.js', library],
  files: { 'prelude.ts': renamed(read('test/seed/prelude.ts')), 'deno.d.ts': DENO },
  // The page is written for Deno and browsers, whose `Request` is not that of Node's types.
  lib: ['DOM', 'DOM.Iterable'],
  rewrite: (block) => renamed(corrected(block)),
}).filter(({ line }) => !isRefusalMeant(line));
const problems = [
  ...errors.map(({ line, code, message }) => `${PAGE}:${line}: TS${code} ${message}`),
  ...[...unused].map(
    ({ line, seed }) => `test/seed/corrections.ts: "${seed}" in line ${line} needs no correction`,
  ),
];
for (const problem of problems) console.error(problem);
console.log(`${blocks.length} blocks, ${new Set(errors.map(({ block }) => block)).size} of them with errors`);
process.exitCode = problems.length === 0 ? 0 : 1;

function isRefusalMeant(line: number): boolean {
  const correction = seedCorrections.find((each) => each.meant === undefined && each.line === line);
  if (correction) unused.delete(correction);
  return correction !== undefined;
}

function corrected({ code, line }: CodeBlock): string {
  const lines = code.split('\n');
  for (const correction of seedCorrections) {
    const at = correction.line - line;
    const text = lines[at];
    if (correction.meant === undefined || !text?.includes(correction.seed)) continue;
    lines[at] = text.replace(correction.seed, correction.meant);
    unused.delete(correction);
  }
  return lines.join('\n');
}

function renamed(code: string): string {
  return code.replaceAll(new RegExp(`(["'])${REFERENCE}\\1`, 'g'), `'${library}'`);
}

function read(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}
