// What a doc comment says, as Markdown.
import ts from 'typescript';

export interface DocComment {
  /** Empty without a comment. */
  readonly description: string;
  readonly tags: ReadonlyMap<string, string>;
}

export function docCommentOf(checker: ts.TypeChecker, symbol: ts.Symbol): DocComment {
  const tags = symbol.getJsDocTags(checker).map(({ name, text }) => [name, textOf(text ?? [])] as const);
  return { description: textOf(symbol.getDocumentationComment(checker)), tags: new Map(tags) };
}

function textOf(parts: ts.SymbolDisplayPart[]): string {
  return ts
    .displayPartsToString(parts)
    .replaceAll(/\{@link\s+([^}|]+?)\s*(?:\|[^}]*)?\}/g, '`$1`')
    .trim();
}
