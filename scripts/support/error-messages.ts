// The messages of an error class, as far as the source spells them out.
import ts from 'typescript';

/**
 * One message for each way through the conditions in it. `…` stands for what is known only when the error is made. Empty when
 * the message comes from whoever makes the error.
 */
export function messagesOf(declaration: ts.ClassDeclaration): string[] {
  const constructor = declaration.members.find(ts.isConstructorDeclaration);
  const call = constructor?.body && findSuperCall(constructor.body);
  const [message] = call?.arguments ?? [];
  if (!constructor?.body || !message) return [];
  const texts = [...new Set(read(message, constructor.body))];
  return texts.filter((text) => /[\w)]{3}/.test(text.replaceAll('…', '')));
}

function findSuperCall(node: ts.Node): ts.CallExpression | undefined {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) return node;
  return ts.forEachChild(node, findSuperCall);
}

/** More ways than this through one message would tell a reader nothing: the rest of its conditions becomes `…`. */
const MOST_WAYS = 4;

function read(node: ts.Expression, scope: ts.Block): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return read(node.expression, scope);
  if (ts.isConditionalExpression(node))
    return [...read(node.whenTrue, scope), ...read(node.whenFalse, scope)];
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce(
      (ways, { expression, literal }) => joined(joined(ways, read(expression, scope)), [literal.text]),
      [node.head.text],
    );
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return joined(read(node.left, scope), read(node.right, scope));
  }
  const value = ts.isIdentifier(node) ? constantIn(scope, node.text) : undefined;
  return value ? read(value, scope) : ['…'];
}

function joined(left: string[], right: string[]): string[] {
  const ends = left.length * right.length > MOST_WAYS ? ['…'] : right;
  return left.flatMap((start) => ends.map((end) => start + end));
}

function constantIn(scope: ts.Block, name: string): ts.Expression | undefined {
  return scope.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find((declaration) => declaration.name.getText() === name)?.initializer;
}
