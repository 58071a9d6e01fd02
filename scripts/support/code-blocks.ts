// The TypeScript in Markdown: where it stands, and what it says.

export interface CodeBlock {
  /** For messages: `docs/health.md`, and the line of the page that the code begins on. */
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

export interface ExtractedPage {
  readonly blocks: readonly CodeBlock[];
  readonly problems: readonly string[];
}

/**
 * Every block fenced as `ts` or `typescript`. A block that is no code is left out when the line above its fence gives the
 * reason: `<!-- not checked: … -->`.
 */
export function codeBlocksOf(page: string, markdown: string): ExtractedPage {
  const lines = markdown.split('\n');
  const blocks: CodeBlock[] = [];
  const problems: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const fence = /^(\s*)(`{3,})(\w*)/.exec(lines[index] ?? '');
    if (!fence) continue;
    const [, indent = '', ticks = '', language = ''] = fence;
    const end = lines.findIndex((line, at) => at > index && line.trimEnd() === indent + ticks);
    if (end < 0) {
      problems.push(`${page}:${index + 1}: the block is never closed`);
      break;
    }
    if (language === 'ts' || language === 'typescript') {
      const marker = /^\s*<!-- not checked:(.*)-->\s*$/.exec(lines[index - 1] ?? '');
      if (!marker) {
        const code = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
        blocks.push({ page, line: index + 2, code: code.join('\n') });
      } else if (marker[1]?.trim() === '') {
        problems.push(`${page}:${index}: "not checked" without a reason`);
      }
    } else if (language === '') {
      problems.push(`${page}:${index + 1}: the block does not say its language (ts, sh, text …)`);
    }
    index = end;
  }
  return { blocks, problems };
}
