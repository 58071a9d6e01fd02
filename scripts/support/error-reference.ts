// docs/errors.md, from the classes in lib/errors.
import ts from 'typescript';
import { docCommentOf, type DocComment } from './doc-comment.js';
import { placeOf, publicNames } from './library-program.js';
import { anchor, code, table } from './markdown.js';
import { messagesOf } from './error-messages.js';
import type { Page } from './option-reference.js';

interface ErrorDoc {
  readonly name: string;
  readonly code: string;
  readonly httpStatus: string;
  readonly specifier: string;
  readonly description: string;
  readonly remarks: string;
  readonly messages: readonly string[];
  readonly fields: readonly string[];
}

const BASE = 'PathwaysError';

/** The page; with it, every error that leaves open when it happens, what its code is, or what to do about it. */
export function errorReference(program: ts.Program): Page {
  const checker = program.getTypeChecker();
  const problems: string[] = [];
  const importFrom = new Map(publicNames(program).map(({ symbol, specifier }) => [symbol, specifier]));
  const errors = program
    .getSourceFiles()
    .filter(({ fileName }) => /\/lib\/errors\/[\w-]+\.error\.ts$/.test(fileName))
    .flatMap((source) => source.statements.filter(ts.isClassDeclaration))
    .filter((declaration) => declaration.name?.text !== BASE)
    .map(errorOf)
    .sort((left, right) => (left.code < right.code ? -1 : 1));

  const taken = new Map<string, string>();
  for (const { name, code: own } of errors) {
    const other = taken.get(own);
    if (other !== undefined) problems.push(`${name} has the code of ${other}: ${own}`);
    taken.set(own, name);
  }
  const index = table(
    ['Code', 'Class', 'HTTP', 'When'],
    errors.map((each) => [
      code(each.code),
      `[${each.name}](${anchor(each.name)})`,
      each.httpStatus,
      firstSentence(each.description),
    ]),
  );
  return { text: [index, ...errors.map(chapter)].join('\n\n'), problems };

  function errorOf(declaration: ts.ClassDeclaration): ErrorDoc {
    const name = declaration.name?.text ?? '';
    const symbol = declaration.name && checker.getSymbolAtLocation(declaration.name);
    const doc: DocComment = symbol ? docCommentOf(checker, symbol) : { description: '', tags: new Map() };
    const ancestry = withParents(checker, declaration);
    const own = staticOf(declaration, 'code') ?? '';
    const messages = messagesOf(declaration);
    const remarks = doc.tags.get('remarks') ?? '';
    if (doc.description === '')
      problems.push(`${placeOf(declaration)}: ${name} does not say when it happens`);
    if (own === '') problems.push(`${placeOf(declaration)}: ${name} has no code of its own`);
    if (messages.length === 0 && remarks === '') {
      problems.push(
        `${placeOf(declaration)}: the message of ${name} is made elsewhere; say what to do in @remarks`,
      );
    }
    return {
      name,
      code: own,
      httpStatus: ancestry.map((each) => staticOf(each, 'httpStatus')).find(Boolean) ?? '500',
      specifier: (symbol && importFrom.get(symbol)) ?? '',
      description: doc.description,
      remarks,
      messages,
      fields: ancestry
        .filter((each) => each.name?.text !== BASE)
        .reverse()
        .flatMap((each) => fieldsOf(checker, each)),
    };
  }
}

function chapter(error: ErrorDoc): string {
  const from = error.specifier === '' ? 'Command line only.' : `From ${code(error.specifier)}.`;
  return [
    `## ${error.name}`,
    `${code(error.code)}, HTTP ${error.httpStatus}. ${error.description.replaceAll(/\s+/g, ' ')} ${from}`,
    ...(error.remarks === '' ? [] : [error.remarks.replaceAll(/\s+/g, ' ')]),
    ...error.messages.map((message) => `> ${escape(message)}`),
    ...(error.fields.length === 0 ? [] : [error.fields.map((field) => `- ${field}`).join('\n')]),
  ].join('\n\n');
}

function escape(message: string): string {
  return message.replaceAll(/([<>*_[\]])/g, '\\$1').replaceAll('\n', '  \n> ');
}

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

function withParents(checker: ts.TypeChecker, declaration: ts.ClassDeclaration): ts.ClassDeclaration[] {
  const base = declaration.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    ?.types[0];
  const parent = base && checker.getTypeAtLocation(base).symbol?.valueDeclaration;
  return parent && ts.isClassDeclaration(parent) && parent.getSourceFile().fileName.includes('/lib/')
    ? [declaration, ...withParents(checker, parent)]
    : [declaration];
}

function staticOf(declaration: ts.ClassDeclaration, name: string): string | undefined {
  const member = declaration.members.find((each) => each.name?.getText() === name);
  const value = member && ts.isPropertyDeclaration(member) ? member.initializer : undefined;
  return value && (ts.isStringLiteral(value) || ts.isNumericLiteral(value)) ? value.text : undefined;
}

/** What an instance tells a program: parameters that are fields, fields, and getters. */
function fieldsOf(checker: ts.TypeChecker, declaration: ts.ClassDeclaration): string[] {
  const parameters = declaration.members
    .filter(ts.isConstructorDeclaration)
    .flatMap((constructor) =>
      constructor.parameters.filter((each) => ts.isParameterPropertyDeclaration(each, constructor)),
    );
  const members = declaration.members.filter(
    (each): each is ts.PropertyDeclaration | ts.GetAccessorDeclaration =>
      (ts.isPropertyDeclaration(each) || ts.isGetAccessor(each)) && !isHidden(each),
  );
  return [...parameters, ...members]
    .filter((each) => !isHidden(each))
    .map((each) => {
      const symbol = checker.getSymbolAtLocation(each.name);
      const type = each.type?.getText() ?? checker.typeToString(checker.getTypeAtLocation(each));
      const says = symbol ? docCommentOf(checker, symbol).description.replaceAll(/\s+/g, ' ') : '';
      return `${code(`${each.name.getText()}: ${type}`)}${says === '' ? '' : ` ${says}`}`;
    });
}

function isHidden(member: ts.HasModifiers): boolean {
  const hidden = [ts.SyntaxKind.StaticKeyword, ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  return (member.modifiers ?? []).some(({ kind }) => hidden.includes(kind));
}
