import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../scripts/support/error-messages.js';
import { root } from '../../scripts/support/library-program.js';
import { optionReference } from '../../scripts/support/option-reference.js';

const folder = join(root, '.build/spec-options');

function referenceOf(source: string, ...interfaces: string[]) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'index.ts');
  writeFileSync(file, source);
  const program = ts.createProgram([file], { noLib: true });
  return optionReference(program, [{ title: 'All', interfaces }], [{ specifier: 'pkg', file }]);
}

describe('the reference of options', () => {
  it('has type, default and meaning of each', () => {
    const { text, problems } = referenceOf(
      `/** How it works. */
      export interface WorkOptions {
        /** Milliseconds a | b. @default 1_000 (a second) */
        waitMs?: number | 'never';
        /** Whose it is. See {@link RestOptions}. */
        owner: string;
        /** @default the owner's */ rest?: RestOptions;
      }
      /** How it rests. */
      export interface RestOptions {}`,
      'WorkOptions',
      'RestOptions',
    );
    expect(text).toContain('### WorkOptions\n\nHow it works. From `pkg`.');
    expect(text).toContain(
      "| `waitMs` | `number \\| 'never'` | `1_000` (a second) | Milliseconds a \\| b. |\n" +
        '| `owner` | `string` | required | Whose it is. See `RestOptions`. |\n',
    );
    expect(text).toContain('`RestOptions` [↗](#restoptions)');
    expect(problems).toEqual([
      expect.stringMatching(/index\.ts:7: option rest of WorkOptions has no description$/),
    ]);
  });

  it('refuses what leaves a reader without an answer', () => {
    const { problems } = referenceOf(
      `/** A. */
      export interface AOptions {
        /** Has no default. */
        one?: string;
        /** Required. @default 1 */
        two: number;
        /** Spelled out. @default {} */
        three?: { a: string };
      }
      export interface BOptions {}`,
      'AOptions',
      'COptions',
    );
    expect(problems.map((problem) => problem.replace(/^.*index\.ts:\d+: /, ''))).toEqual([
      'BOptions has no place in scripts/support/option-sections.ts',
      'option one of AOptions has no @default',
      'option two of AOptions has a @default and is required',
      'option three of AOptions spells out an object: give it an interface, with a place on the page',
      'scripts/support/option-sections.ts: no entry point exports an interface COptions',
    ]);
  });
});

describe('the messages of an error', () => {
  function read(constructor: string): string[] {
    const source = ts.createSourceFile(
      'x.ts',
      `class X extends Error { ${constructor} }`,
      ts.ScriptTarget.Latest,
      true,
    );
    const [declaration] = source.statements.filter(ts.isClassDeclaration);
    return declaration ? messagesOf(declaration) : [];
  }

  it('are one for each way through its conditions', () => {
    expect(
      read(`constructor(id: string, isOld: boolean) {
        const why = isOld ? 'it is old' : \`it is \${id}\`;
        super(\`Event \${id} was refused: \${why}.\` + ' Write it again.');
      }`),
    ).toEqual([
      'Event … was refused: it is old. Write it again.',
      'Event … was refused: it is …. Write it again.',
    ]);
  });

  it('are none when somebody else words it', () => {
    expect(read('constructor(message: string) { super(message); }')).toEqual([]);
    expect(read('readonly a = 1;')).toEqual([]);
  });
});
