// docs/options.md, from the exported interfaces of options and their doc comments.
import ts from 'typescript';
import { docCommentOf } from './doc-comment.js';
import { placeOf, publicNames, resolveAlias, type EntryPoint, type PublicName } from './library-program.js';
import { anchor, code, defaultValue, table } from './markdown.js';
import type { OptionSection } from './option-sections.js';

export interface Page {
  readonly text: string;
  /** What the sources lack, one text per place. */
  readonly problems: readonly string[];
}

interface Option {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

const NAMED_LIKE_OPTIONS = /(Options|Structure)$/;

/** The page; with it, every option that nobody described and every interface that has no place on the page. */
export function optionReference(
  program: ts.Program,
  sections: readonly OptionSection[],
  entries?: readonly EntryPoint[],
): Page {
  const checker = program.getTypeChecker();
  const problems: string[] = [];
  const exported = new Map(publicNames(program, entries).map((each) => [each.name, each]));
  const listed = new Set(sections.flatMap(({ interfaces }) => interfaces));

  for (const { name, symbol } of exported.values()) {
    const declaration = interfaceOf(symbol);
    if (declaration && NAMED_LIKE_OPTIONS.test(name) && !listed.has(name)) {
      problems.push(`${placeOf(declaration)}: ${name} has no place in scripts/support/option-sections.ts`);
    }
  }

  const chapters = sections.map(({ title, interfaces }) => {
    const parts = interfaces.map((name) => {
      const found = exported.get(name);
      const declaration = found && interfaceOf(found.symbol);
      if (found && declaration) return part(found, declaration);
      problems.push(`scripts/support/option-sections.ts: no entry point exports an interface ${name}`);
      return '';
    });
    return [`## ${title}`, ...parts].join('\n\n');
  });
  return { text: chapters.join('\n\n'), problems };

  function part({ name, symbol, specifier }: PublicName, declaration: ts.InterfaceDeclaration): string {
    const { description } = docCommentOf(checker, symbol);
    if (description === '') problems.push(`${placeOf(declaration)}: ${name} has no description`);
    const rows = optionsOf(declaration).map((option) => [
      code(option.name),
      withLinks(option.type),
      option.default,
      option.description,
    ]);
    const also = basesOf(declaration).flatMap(({ text, own }) => (own ? [] : [text]));
    return [
      `### ${name}`,
      `${description} From ${code(specifier)}.`.trim(),
      ...(also.length === 0 ? [] : [`Also has the options of ${also.map(withLinks).join(', ')}.`]),
      ...(rows.length === 0 ? [] : [table(['Option', 'Type', 'Default', 'Meaning'], rows)]),
    ].join('\n\n');
  }

  /** Its own options, and those of interfaces above it that the page does not have. */
  function optionsOf(declaration: ts.InterfaceDeclaration): Option[] {
    const own = declaration.members.flatMap((member) => optionOf(member));
    return [...basesOf(declaration).flatMap(({ own }) => (own ? optionsOf(own) : [])), ...own];
  }

  function basesOf(declaration: ts.InterfaceDeclaration) {
    const types = (declaration.heritageClauses ?? []).flatMap((clause) => [...clause.types]);
    return types.map((base) => {
      const symbol = checker.getSymbolAtLocation(base.expression);
      const above = symbol && interfaceOf(resolveAlias(checker, symbol));
      const isInline =
        above && !listed.has(above.name.text) && above.getSourceFile().fileName.includes('/lib/');
      return { text: base.getText(), own: isInline ? above : undefined };
    });
  }

  /** The type as code, followed by links to the interfaces of this page that it names. */
  function withLinks(type: string): string {
    const names = new Set((type.match(/\w+/g) ?? []).filter((name) => listed.has(name)));
    return [code(type), ...[...names].map((name) => `[↗](${anchor(name)})`)].join(' ');
  }

  function optionOf(member: ts.TypeElement): Option[] {
    const symbol = member.name && checker.getSymbolAtLocation(member.name);
    if (!member.name || !symbol) return [];
    const name = member.name.getText();
    const { description, tags } = docCommentOf(checker, symbol);
    const isOptional = member.questionToken !== undefined;
    const fallback = tags.get('default');
    const place = `${placeOf(member)}: option ${name} of ${ownerOf(member)}`;
    if (description === '') problems.push(`${place} has no description`);
    if (isOptional && !fallback) problems.push(`${place} has no @default`);
    if (!isOptional && fallback) problems.push(`${place} has a @default and is required`);
    if (spellsOutObject(member))
      problems.push(`${place} spells out an object: give it an interface, with a place on the page`);
    const option: Option = {
      name,
      type: typeOf(member),
      default: isOptional ? defaultValue(fallback ?? '') : 'required',
      description,
    };
    return [option];
  }
}

function spellsOutObject(member: ts.TypeElement): boolean {
  const type = ts.isPropertySignature(member) ? member.type : undefined;
  return (
    type !== undefined && (ts.isTypeLiteralNode(type) || type.forEachChild(ts.isTypeLiteralNode) === true)
  );
}

function typeOf(member: ts.TypeElement): string {
  if (ts.isPropertySignature(member)) return member.type?.getText() ?? 'unknown';
  if (!ts.isMethodSignature(member)) return member.getText();
  const parameters = member.parameters.map((parameter) => parameter.getText()).join(', ');
  return `(${parameters}) => ${member.type?.getText() ?? 'void'}`;
}

function ownerOf(member: ts.Node): string {
  const owner = ts.findAncestor(member, ts.isInterfaceDeclaration);
  return owner?.name.text ?? 'a type';
}

function interfaceOf(symbol: ts.Symbol): ts.InterfaceDeclaration | undefined {
  return symbol.declarations?.find(ts.isInterfaceDeclaration);
}
