import { readFileSync } from 'node:fs';
import type { Row } from './case.js';

/** A row of a table of docs/differences.md. */
export interface DocumentedRow {
  readonly section: string;
  /** What the reference does, what ours does, why, and the option that brings the old way back. */
  readonly cells: readonly string[];
}

export function documentedRows(): DocumentedRow[] {
  let section = '';
  return readFileSync('docs/differences.md', 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('## ')) section = line.slice(3);
      if (!line.startsWith('| ') || /^\| (-+|The reference) /.test(line)) return [];
      return { section, cells: cellsOf(line) };
    });
}

/** A row as its case says that it must be documented. */
export function cellsOfRow({ reference, ours, why, option }: Row): string[] {
  return [reference, ours, why, option ? `\`${shown(option)}\`` : '–'].map(withoutBreaks);
}

/** Tables escape their own sign. */
function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => withoutBreaks(cell.replaceAll('\\|', '|')));
}

function withoutBreaks(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function shown(option: Record<string, unknown>): string {
  const value = (given: unknown) => (typeof given === 'string' ? `'${given}'` : String(given));
  return Object.entries(option)
    .map(([name, given]) => `${name}: ${value(given)}`)
    .join(', ');
}
