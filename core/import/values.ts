/** Values of keepalived's directives. Pure but for the faults that are told. */
import type { Report } from './report.ts';
import type { Statement } from './statements.ts';

/** Reads statements, and tells what is wrong with them. */
export class Values {
  constructor(readonly report: Report) {}

  /** The number that stands at a place in it; undefined, and told, if there is none in that range. */
  number(statement: Statement, least: number, most: number, at = 1): number | undefined {
    const text = statement.words[at] ?? '';
    const number = Number(text);
    if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) && number >= least && number <= most) return number;
    this.report.fault(statement, `must be a number, ${least} to ${most}`);
    return undefined;
  }

  /** A whole one. */
  integer(statement: Statement, least: number, most: number, at = 1): number | undefined {
    const number = Number(statement.words[at] ?? '');
    if (/^[+-]?\d+$/.test(statement.words[at] ?? '') && number >= least && number <= most) return number;
    this.report.fault(statement, `must be a whole number, ${least} to ${most}`);
    return undefined;
  }

  /** `on`, `off` and so on; nothing is on. */
  flag(statement: Statement): boolean | undefined {
    const [, text = 'on'] = statement.words;
    if (['on', 'true', 'yes'].includes(text)) return true;
    if (['off', 'false', 'no'].includes(text)) return false;
    this.report.fault(statement, 'must be on, off, true, false, yes or no');
    return undefined;
  }

  /** The word behind the directive. */
  word(statement: Statement): string | undefined {
    const [, text = ''] = statement.words;
    if (text !== '') return text;
    this.report.fault(statement, 'must have a value');
    return undefined;
  }

  /** What is in its block, or behind it on the same line. */
  entries(statement: Statement): readonly Statement[] {
    if (statement.block) return statement.block;
    this.report.fault(statement, 'must have a block: { … }');
    return [];
  }
}
