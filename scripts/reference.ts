// The reference pages that are made from the sources: `npm run docs` writes them, `npm run docs:check` refuses a page that
// is out of date, and sources that leave a reader without an answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorReference } from './support/error-reference.js';
import { libraryProgram, root } from './support/library-program.js';
import { optionReference } from './support/option-reference.js';
import { optionSections } from './support/option-sections.js';

const isCheck = process.argv.includes('--check');
const program = libraryProgram();
const options = optionReference(program, optionSections);
const errors = errorReference(program);

const OPTIONS_INTRO = `# Options

Every option, its default and its meaning. Names that end in \`Ms\` are milliseconds, in \`Bytes\` bytes. Options of the
wrong kind and names that are no option are refused at start, all of them in one error.`;

const ERRORS_INTRO = `# Errors

Every error is a class below \`PathwaysError\` with a stable \`code\`. Use the code, or \`instanceof\`, never the text. The message
says what happened, why, and what to do; \`…\` stands for the names of the case at hand. The HTTP status is what the webhook
answers when the error reaches it.`;

const problems = [...options.problems, ...errors.problems];
page('docs/options.md', OPTIONS_INTRO, options.text);
page('docs/errors.md', ERRORS_INTRO, errors.text);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function page(name: string, intro: string, body: string): void {
  const text = `${intro}\n\n<!-- Made by \`npm run docs\` from the doc comments in lib. Change those. -->\n\n${body}\n`;
  const path = join(root, name);
  if (!isCheck) writeFileSync(path, text);
  else if (readOrEmpty(path) !== text)
    problems.push(`${name} is out of date: run \`npm run docs\` and commit it`);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
