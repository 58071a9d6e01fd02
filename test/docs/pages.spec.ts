import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
];

/** GitHub's anchors of a page. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text.toLowerCase());
  return new Set(headings.map((text) => text.replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-')));
}

describe.each(pages)('%s', (page) => {
  it('has links that lead somewhere', () => {
    const dead = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return [target];
      return anchor !== undefined && !anchorsOf(read(file)).has(anchor) ? [target] : [];
    });
    expect(dead).toEqual([]);
  });
});

it('the index of the documentation names every page', () => {
  const index = read('docs/README.md');
  const missing = readdirSync(join(root, 'docs')).filter(
    (name) => name !== 'README.md' && !index.includes(`(${name})`),
  );
  expect(missing).toEqual([]);
});

describe('the guarantees', () => {
  const page = read('docs/guarantees.md');

  it('name tests that exist', () => {
    const rows = [...page.matchAll(/^- \[[^\]]+\]\(\.\.\/([^)]+)\): (.+)$/gm)];
    const missing = rows.flatMap(([, file = '', tests = '']) => {
      const spec = read(file);
      const names = [...tests.matchAll(/_([^_]+)_/g)].map(([, name = '']) => name);
      return names.filter((name) => !spec.includes(name)).map((name) => `${file}: ${name}`);
    });
    expect(rows.length).toBeGreaterThan(15);
    expect(missing).toEqual([]);
  });

  it('are those of the README, each with a test', () => {
    const sections = new Map(page.split('\n## ').map((text) => [text.split('\n')[0]?.trim(), text]));
    const [, table = ''] = /## What is promised\n\n([\s\S]*?)\n\n/.exec(read('README.md')) ?? [];
    const promises = table
      .split('\n')
      .slice(2)
      .map((row) => row.split('|')[1]?.trim());
    expect(promises.length).toBeGreaterThan(5);
    expect(promises.filter((promise) => !sections.get(promise)?.includes('spec.ts'))).toEqual([]);
  });
});
