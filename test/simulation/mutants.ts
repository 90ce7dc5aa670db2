/** Broken state machines: each comparison, sum, constant, branch and statement of a source is changed, one at a time. */
import ts from 'typescript';

/** One change of a source. */
export interface Mutant {
  /** Of the source, from 1 on. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** Text of the whole line, before. */
  readonly context: string;
  /** The source with the change. */
  readonly text: string;
}

const { SyntaxKind } = ts;

/** What each operator is replaced by. */
const OPERATORS: ReadonlyMap<ts.SyntaxKind, readonly string[]> = new Map([
  [SyntaxKind.GreaterThanToken, ['>=', '<', '===']],
  [SyntaxKind.GreaterThanEqualsToken, ['>', '<=', '===']],
  [SyntaxKind.LessThanToken, ['<=', '>', '===']],
  [SyntaxKind.LessThanEqualsToken, ['<', '>=', '===']],
  [SyntaxKind.EqualsEqualsEqualsToken, ['!==', '>=', '<=']],
  [SyntaxKind.ExclamationEqualsEqualsToken, ['===']],
  [SyntaxKind.AmpersandAmpersandToken, ['||']],
  [SyntaxKind.BarBarToken, ['&&']],
  [SyntaxKind.PlusToken, ['-', '*']],
  [SyntaxKind.MinusToken, ['+']],
  [SyntaxKind.AsteriskToken, ['/', '+']],
  [SyntaxKind.SlashToken, ['*']],
]);

/** What each function is replaced by. */
const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['Math.min', 'Math.max'],
  ['Math.max', 'Math.min'],
  ['Math.floor', 'Math.ceil'],
]);

/** Other values for a number. */
const numbers = (text: string): string[] => [String(Number(text) + 1), String(Number(text) - 1)];

/** Whether nothing of its `switch` comes after it. */
function isAtTheEnd(node: ts.BreakStatement): boolean {
  const clause = node.parent;
  return (
    ts.isCaseOrDefaultClause(clause) &&
    clause.statements.at(-1) === node &&
    clause.parent.clauses.at(-1) === clause
  );
}

/** Every change that there is, in the order of the source. Types are left alone. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const mutants: Mutant[] = [];

  const change = (node: ts.Node, ...texts: readonly string[]): void => {
    const start = node.getStart(tree);
    const before = source.slice(start, node.end);
    const { line } = tree.getLineAndCharacterOfPosition(start);
    const context = source.split('\n')[line]!.trim();
    for (const after of texts) {
      if (after === before) continue;
      const text = source.slice(0, start) + after + source.slice(node.end);
      mutants.push({ line: line + 1, before, after, context, text });
    }
  };

  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      change(node.operatorToken, ...(OPERATORS.get(node.operatorToken.kind) ?? []));
    } else if (ts.isPropertyAccessExpression(node)) {
      const other = FUNCTIONS.get(node.getText(tree));
      if (other) change(node, other);
      // Another state, another field of an event or a router that is of the same type.
      if (node.expression.getText(tree) === 'State') {
        change(node, ...['Initialize', 'Backup', 'Master', 'Down'].map((name) => `State.${name}`));
      }
    } else if (ts.isNumericLiteral(node)) change(node, ...numbers(node.text));
    else if (node.kind === SyntaxKind.TrueKeyword) change(node, 'false');
    else if (node.kind === SyntaxKind.FalseKeyword) change(node, 'true');
    else if (ts.isStringLiteral(node)) change(node, "''");
    else if (ts.isConditionalExpression(node)) {
      const [yes, no] = [node.whenTrue.getText(tree), node.whenFalse.getText(tree)];
      change(node, `(${yes})`, `(${no})`);
    } else if (ts.isIfStatement(node)) {
      const condition = node.expression.getText(tree);
      change(node.expression, `!(${condition})`, 'true', 'false');
    } else if (ts.isArrayLiteralExpression(node)) {
      for (let left = 0; left < node.elements.length; left++) {
        const rest = node.elements.filter((_, at) => at !== left).map((element) => element.getText(tree));
        change(node, `[${rest.join(', ')}]`);
      }
      if (node.elements.length > 1) {
        const turned = node.elements.map((element) => element.getText(tree)).reverse();
        change(node, `[${turned.join(', ')}]`);
      }
    } else if (ts.isExpressionStatement(node)) change(node, ';');
    else if (ts.isBreakStatement(node) && !isAtTheEnd(node)) change(node, ';');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutants;
}
