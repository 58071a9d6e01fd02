// The TypeScript in the README of the reference client, which came to us as plain text: nothing fences its code.
import type { CodeBlock } from './code-blocks.js';

/** How the code of that page begins; its prose begins with a capital, a bullet or a table. */
const BEGINS =
  /^(import|export|const|let|await|async|function|class|interface|for|pathways|session|serve|\/\/)\b|^\/\/ |^serve\(/;

/** Every run of code between two paragraphs. */
export function seedBlocksOf(page: string, text: string): CodeBlock[] {
  const lines = text.replaceAll('\u00a0', ' ').split('\n');
  const blocks: CodeBlock[] = [];
  let begin: number | undefined;
  for (let index = 0; index <= lines.length; index++) {
    const line = lines[index];
    const followsBlank = index === 0 || lines[index - 1]?.trim() === '';
    const isParagraph = line !== undefined && followsBlank && line.trim() !== '';
    if (
      begin !== undefined &&
      (line === undefined || (isParagraph && !BEGINS.test(line) && !/^[ })\]]/.test(line)))
    ) {
      const code = lines.slice(begin, index).join('\n').trimEnd();
      blocks.push({ page, line: begin + 1, code });
      begin = undefined;
    }
    if (begin === undefined && isParagraph && line !== undefined && BEGINS.test(line)) begin = index;
  }
  return blocks;
}
