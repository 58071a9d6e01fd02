// Type-checks blocks of code that a reader sees on a page, against the sources of the library.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import type { CodeBlock } from './code-blocks.js';
import { compilerOptions, root } from './library-program.js';

export interface BlockCheck {
  /** Folder below `.build` for the files the compiler sees. Emptied before. */
  readonly folder: string;
  readonly blocks: readonly CodeBlock[];
  /** Modules whose names a block may use without importing them, the first that has a name wins. */
  readonly modulesOf: (page: string) => readonly string[];
  /** Further files beside the blocks, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the compiler knows besides the library's own surroundings, for example `DOM`. */
  readonly lib?: readonly string[];
  /** What is done to the code before it is checked; it must keep the lines. */
  readonly rewrite?: (block: CodeBlock) => string;
}

/** One error of the compiler, at its line on the page. */
export interface BlockError {
  readonly block: CodeBlock;
  readonly line: number;
  readonly code: number;
  readonly message: string;
}

interface Prepared {
  readonly block: CodeBlock;
  readonly path: string;
  readonly source: ts.SourceFile;
}

/**
 * Later blocks of a page may use what earlier ones export, and what the modules of the page export; the imports are put on the
 * one line before the block. Whatever a block declares or imports itself is its own.
 */
export function checkBlocks(check: BlockCheck): BlockError[] {
  const { folder, blocks, modulesOf, files = {}, lib = [], rewrite = ({ code }) => code } = check;
  const target = join(root, '.build', folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });

  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
  const prepared = blocks.map((block): Prepared => {
    const name = `${block.page.replaceAll(/[^\w-]+/g, '_')}_${block.line}`;
    const source = ts.createSourceFile(name, rewrite(block), ts.ScriptTarget.Latest, true);
    return { block, source, path: join(target, `${name}.ts`) };
  });
  const exportsOf = moduleExports(target, [...new Set(blocks.flatMap(({ page }) => modulesOf(page)))]);
  prepared.forEach(({ block, source, path }, index) => {
    const earlier = prepared.slice(0, index).filter((other) => other.block.page === block.page);
    const providers = [
      ...earlier.reverse().map((other) => [specifierOf(other), exportedNames(other.source)] as const),
      ...modulesOf(block.page).map((specifier) => [specifier, exportsOf(specifier)] as const),
    ];
    const taken = declaredNames(source);
    const wanted = [...usedNames(source)].filter((name) => !taken.has(name));
    const imports = providers.map(([specifier, names]) => {
      const used = wanted.filter((name) => names.has(name) && !taken.has(name));
      for (const name of used) taken.add(name);
      return used.length === 0 ? '' : `import { ${used.join(', ')} } from '${specifier}'; `;
    });
    writeFileSync(path, `${imports.join('')}export {};\n${source.text}\n`);
  });
  const options = compilerOptions();
  return errorsOf(
    prepared,
    Object.keys(files).map((name) => join(target, name)),
    {
      ...options,
      isolatedModules: false,
      lib: [...(options.lib ?? []), ...lib.map((name) => `lib.${name.toLowerCase()}.d.ts`)],
    },
  );
}

function errorsOf(
  prepared: readonly Prepared[],
  files: readonly string[],
  options: ts.CompilerOptions,
): BlockError[] {
  const program = ts.createProgram([...files, ...prepared.map(({ path }) => path)], options);
  return prepared.flatMap(({ block, path }) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start = 0, messageText, code }) => ({
      block,
      code,
      // The line of imports comes first, so line 1 (from 0 on) of the file is the block's first.
      line: block.line - 1 + (source?.getLineAndCharacterOfPosition(start).line ?? 0),
      message: ts.flattenDiagnosticMessageText(messageText, '\n  '),
    }));
  });
}

function specifierOf({ path }: Prepared): string {
  return `./${relative(join(path, '..'), path).replace(/\.ts$/, '.js')}`;
}

/** What each module exports, as the compiler resolves it from where the blocks are. */
function moduleExports(
  target: string,
  specifiers: readonly string[],
): (specifier: string) => ReadonlySet<string> {
  const path = join(target, 'modules.ts');
  writeFileSync(path, specifiers.map((specifier) => `export * from '${specifier}';`).join('\n'));
  const program = ts.createProgram([path], compilerOptions());
  const checker = program.getTypeChecker();
  const names = new Map<string, ReadonlySet<string>>();
  for (const statement of program.getSourceFile(path)?.statements ?? []) {
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) continue;
    const module = checker.getSymbolAtLocation(statement.moduleSpecifier);
    const exported = module ? checker.getExportsOfModule(module).map(({ name }) => name) : [];
    names.set(statement.moduleSpecifier.getText().slice(1, -1), new Set(exported));
  }
  return (specifier) => names.get(specifier) ?? new Set();
}

function usedNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

function declaredNames(source: ts.SourceFile): Set<string> {
  return new Set(source.statements.flatMap(namesOf));
}

function exportedNames(source: ts.SourceFile): Set<string> {
  const isExported = (statement: ts.Statement) =>
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return new Set(source.statements.filter(isExported).flatMap(namesOf));
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => bindingNames(name));
  }
  if (ts.isImportDeclaration(statement)) {
    const clause = statement.importClause;
    const bindings = clause?.namedBindings;
    const named = bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name) : [];
    const namespace = bindings && ts.isNamespaceImport(bindings) ? [bindings.name] : [];
    return [clause?.name, ...named, ...namespace].flatMap((name) => (name ? [name.text] : []));
  }
  const isNamed =
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
}

function bindingNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? bindingNames(element.name) : []));
}
