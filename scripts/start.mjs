// Runs a sample application: node scripts/start.mjs [--sample=02-documents] [options of the sample]
//
// The sample imports `nestjs-pathways` the way a user does, so the library is built first when a source is newer than
// the build. It is compiled by the TypeScript compiler, because Nest needs the decorator metadata that faster
// transpilers leave out. Types are not checked here (`npm run typecheck` does).
//
// package.json starts this with `exec`: a shell between npm and this process would die of Ctrl-C before the sample has
// drained, and npm would report that. Windows has no such shell; there, exec.cmd stands in for the word.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const [, , first = ''] = process.argv;
const [, named] = /^--sample=([\w-]+)$/.exec(first) ?? [];
if (named) process.argv.splice(2, 1);
const sample = `sample/${named ?? '01-orders'}`;
const compiled = join(root, '.build', sample);

buildLibraryIfStale();
const main = compileSample();
process.argv.splice(1, 1, main);
await import(pathToFileURL(main).href);

function buildLibraryIfStale() {
  const inputs = ['lib', 'package.json', 'tsconfig.json', 'tsdown.config.ts'].map((name) => join(root, name));
  if (modifiedAt(join(root, 'dist/index.js')) > Math.max(...inputs.map(newestIn))) return;
  console.log('Building the library …');
  const tsdown = join(root, 'node_modules/tsdown/dist/run.mjs');
  const args = [tsdown, '--no-dts', '--format', 'esm', '--log-level', 'error'];
  const build = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (build.status === 0) return;
  console.error(`${build.stdout}${build.stderr}\nThe library could not be built; see above.`);
  process.exit(1);
}

/** Folders count too: removing or renaming a file changes only them. */
function newestIn(path) {
  const own = modifiedAt(path);
  if (!statSync(path).isDirectory()) return own;
  return Math.max(own, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compileSample() {
  rmSync(compiled, { recursive: true, force: true });
  const { compilerOptions } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const options = ts.convertCompilerOptionsFromJson(
    { ...compilerOptions, module: 'esnext', moduleResolution: 'bundler', noEmit: false, sourceMap: false },
    root,
  ).options;
  compileFolder(join(root, sample), compiled, options);
  const entry = ['main.js', 'src/main.js'].map((name) => join(compiled, name)).find(modifiedAt);
  if (entry) return entry;
  console.error(`${sample} has no main.ts.`);
  process.exit(1);
}

function compileFolder(from, to, compilerOptions) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (isLeftOut(entry.name)) continue;
    if (entry.isDirectory()) compileFolder(source, target, compilerOptions);
    else if (!entry.name.endsWith('.ts')) cpSync(source, target);
    else {
      const code = ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions, fileName: source });
      writeFileSync(target.replace(/\.ts$/, '.js'), code.outputText);
    }
  }
}

/** A package.json would make the sample a package of its own, and `nestjs-pathways` would no longer be found. */
function isLeftOut(name) {
  return ['node_modules', 'package.json', '.pathways'].includes(name) || name.endsWith('.spec.ts');
}
