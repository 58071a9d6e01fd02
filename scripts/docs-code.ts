// Type-checks the TypeScript of README.md and docs: `npm run docs:code`.
//
// Examples leave out the imports a reader's editor adds: the package itself, Nest, class-validator. What an example needs
// from the reader's application is declared in scripts/preludes, for its page alone.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkBlocks } from './support/block-check.js';
import { codeBlocksOf } from './support/code-blocks.js';
import { root } from './support/library-program.js';

const LEFT_OUT = ['nestjs-pathways', '@nestjs/common', 'class-validator'];

const markdown = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...markdown.map((name) => `docs/${name}`)].map((page) =>
  codeBlocksOf(page, readFileSync(join(root, page), 'utf8')),
);
const blocks = pages.flatMap((page) => page.blocks);
const errors = checkBlocks({ folder: 'docs-code', blocks, modulesOf });
const problems = [
  ...pages.flatMap((page) => page.problems),
  ...errors.map(({ block, line, code, message }) => `${block.page}:${line}: TS${code} ${message}`),
];
for (const problem of problems) console.error(problem);
console.log(`${blocks.length} blocks of TypeScript, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function modulesOf(page: string): string[] {
  const prelude = `scripts/preludes/${basename(page, '.md').toLowerCase()}`;
  return existsSync(join(root, `${prelude}.ts`)) ? [`../../${prelude}.js`, ...LEFT_OUT] : LEFT_OUT;
}
