import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { seedBlocksOf } from '../../scripts/support/seed-blocks.js';

const PAGE = 'test/seed/README.txt';
const blocks = seedBlocksOf(PAGE, readFileSync(PAGE, 'utf8')).map(({ code }) => code);

/** The first block with this text, or else one that ends a test: the page has changed. */
export function blockWith(...texts: readonly string[]): string {
  const found = blocks.find((code) => texts.every((text) => code.includes(text)));
  if (found === undefined) throw new Error(`No block of the page has ${texts.join(' and ')}`);
  return found;
}

/** A folder for one test, where the packages of this repository are found. */
export function exampleFolder(): string {
  mkdirSync('.build', { recursive: true });
  const folder = mkdtempSync(join(process.cwd(), '.build', 'seed-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the parts as one file against the platform at the URL, and gives what it exports. */
export async function runExample(
  parts: readonly string[],
  exported: string,
  { url, folder = exampleFolder() }: { readonly url: string; readonly folder?: string },
): Promise<unknown> {
  const text = [...parts, `export { ${exported} };`]
    .join('\n')
    .replaceAll('"@flowcore/pathways"', '"nestjs-pathways/builder"')
    .replaceAll('https://api.flowcore.io', url);
  const file = join(folder, 'example.ts');
  writeFileSync(file, text);
  return import(/* @vite-ignore */ file);
}
