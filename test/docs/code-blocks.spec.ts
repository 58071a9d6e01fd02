import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkBlocks } from '../../scripts/support/block-check.js';
import { codeBlocksOf, type CodeBlock } from '../../scripts/support/code-blocks.js';
import { seedBlocksOf } from '../../scripts/support/seed-blocks.js';

const page = (...lines: string[]) => codeBlocksOf('page.md', lines.join('\n'));

describe('the blocks of a page', () => {
  it('are those fenced as TypeScript, with the line they begin on', () => {
    const { blocks, problems } = page(
      '# x',
      '```ts',
      'a();',
      '```',
      '```sh',
      'ls',
      '```',
      '- y',
      '  ```ts',
      '  b();',
      '  ```',
    );
    expect(blocks).toEqual([
      { page: 'page.md', line: 3, code: 'a();' },
      { page: 'page.md', line: 10, code: 'b();' },
    ]);
    expect(problems).toEqual([]);
  });

  it('are left out for a reason only', () => {
    const { blocks, problems } = page(
      '<!-- not checked: output -->',
      '```ts',
      'a',
      '```',
      '<!-- not checked: -->',
      '```ts',
      'b',
      '```',
    );
    expect(blocks).toEqual([]);
    expect(problems).toEqual(['page.md:5: "not checked" without a reason']);
  });

  it('cannot hide in a fence without a language, or without an end', () => {
    expect(page('```', 'const x = 1;', '```').problems).toEqual([
      'page.md:1: the block does not say its language (ts, sh, text …)',
    ]);
    expect(page('x', '```ts', 'const x = 1;').problems).toEqual(['page.md:2: the block is never closed']);
  });
});

it('the check of blocks names lines of the page, and takes names from the application and from earlier blocks', () => {
  const block = (line: number, code: string): CodeBlock => ({ page: 'page.md', line, code });
  const errors = checkBlocks({
    folder: 'spec-blocks',
    files: { 'application.ts': 'export declare const total: number;' },
    modulesOf: () => ['./application.js'],
    blocks: [
      block(10, 'export class Placed {}\nconst hidden = total;'),
      block(20, 'const placed: Placed = new Placed();\nconst text: string = total;\nhidden;'),
      block(30, "const total = 'its own';\nconst text: string = total;"),
      block(40, 'const x = {\n  a: 1, …\n};'),
      { page: 'other.md', line: 1, code: 'new Placed();' },
    ],
  });
  expect(errors.map(({ block: { page }, line, code }) => `${page}:${line} TS${code}`)).toEqual([
    'page.md:21 TS2322',
    'page.md:22 TS2304',
    'page.md:41 TS1127',
    'other.md:1 TS2304',
  ]);
  // The compiler reads its own libraries and Node's first, which takes its time on a busy machine.
}, 120_000);

describe('the README of the reference client', () => {
  const text = readFileSync(new URL('../seed/README.txt', import.meta.url), 'utf8');
  const blocks = seedBlocksOf('README.txt', text);
  const covered = new Set(
    blocks.flatMap(({ line, code }) => code.split('\n').map((_, index) => line + index)),
  );

  it('leaves no line of code outside of its blocks', () => {
    const left = text
      .split('\n')
      .filter((line, index) => !covered.has(index + 1) && /[;{]$|=>|^ {2,}\w+: |^await /.test(line));
    expect(blocks).toHaveLength(33);
    expect(left).toEqual([]);
  });

  it('has no prose in its blocks', () => {
    const lines = blocks.flatMap(({ code }) => code.split('\n'));
    expect(lines.filter((line) => /^[A-Z]|•/.test(line))).toEqual([]);
  });
});
