// The subpath exports as package.json promises them to users.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './library-program.js';

export interface PublishedEntryPoint {
  /** For example `nestjs-pathways/typeorm`. */
  readonly specifier: string;
  /** For file names: `typeorm`; `index` for the root. */
  readonly name: string;
  /** The built declarations, for `import`. Those for `require` are made of the same sources. */
  readonly declarations: string;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly import: { readonly types: string } }>>;
}

export function publishedEntryPoints(): PublishedEntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  return Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            specifier: manifest.name + path.slice(1),
            name: path === '.' ? 'index' : path.slice(2).replaceAll('/', '-'),
            declarations: join(root, target.import.types),
          },
        ],
  );
}
