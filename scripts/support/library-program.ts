// The library as the TypeScript compiler sees it, for the scripts that read or check it.
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One subpath export: what users import, and the source file behind it. */
export interface EntryPoint {
  /** For example `nestjs-pathways/typeorm`. */
  readonly specifier: string;
  readonly file: string;
}

/** A name users can import, with where from. */
export interface PublicName {
  readonly name: string;
  readonly symbol: ts.Symbol;
  readonly specifier: string;
}

export function compilerOptions(): ts.CompilerOptions {
  const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** Every subpath export, the root first. `paths` of tsconfig.json is where they are listed. */
function entryPoints(): EntryPoint[] {
  const paths = compilerOptions().paths ?? {};
  return Object.entries(paths).flatMap(([specifier, [file]]) =>
    file === undefined ? [] : [{ specifier, file: join(root, file) }],
  );
}

/** With the errors that only the command line raises: nobody imports those, but everybody may meet them. */
export function libraryProgram(): ts.Program {
  const errors = ts.sys.readDirectory(join(root, 'lib/errors'), ['.ts'], ['**/*.spec.ts']);
  return ts.createProgram([...entryPoints().map(({ file }) => file), ...errors], compilerOptions());
}

/** Every public name once: under the first entry point that exports it. */
export function publicNames(
  program: ts.Program,
  entries: readonly EntryPoint[] = entryPoints(),
): PublicName[] {
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, PublicName>();
  for (const { specifier, file } of entries) {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    for (const exported of module ? checker.getExportsOfModule(module) : []) {
      const symbol = resolveAlias(checker, exported);
      if (!found.has(symbol)) found.set(symbol, { name: exported.name, symbol, specifier });
    }
  }
  return [...found.values()];
}

export function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** `lib/pump/pump.options.ts:12`, for messages. */
export function placeOf(node: ts.Node): string {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(root, source.fileName).split(sep).join('/')}:${line + 1}`;
}
