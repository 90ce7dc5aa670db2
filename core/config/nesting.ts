/**
 * How deep a text is nested, told before a parser sees it: parsers call themselves for each level, and a text of
 * brackets alone would end them with a full stack, or keep them busy for minutes. Also which bracket is still open
 * where a parser gave up: it complains of what comes after, the mistake is before.
 */
import type { ConfigFormat } from './document.ts';

/** Levels that no configuration needs: brackets within brackets, keys of one dotted key. */
export const DEEPEST = 64;

/** A bracket that is still open at the end of what was scanned. */
export interface OpenBracket {
  readonly bracket: '[' | '{';
  /** From 1. */
  readonly line: number;
  /** TOML: it begins a line outside of everything else, so it is a table's header, which ends on its line. */
  readonly header: boolean;
}

/** What a scan tells. */
export interface Nesting {
  /** The line (from 1) at which it becomes deeper than {@link DEEPEST}; absent: nowhere. */
  readonly tooDeep?: number;
  /** Outermost first. */
  readonly open: readonly OpenBracket[];
}

/** Strings and comments, which hold no brackets; one alternative each, longest first. */
const PASSED_OVER = {
  toml: /#[^\n]*|"""(?:[^\\]|\\[\s\S])*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y,
  json: /"(?:[^"\\\n]|\\.)*"/y,
} as const;

/** Scans a text up to an offset; absent: to its end. Never fails: a text that is not valid is scanned roughly. */
export function scanNesting(text: string, format: ConfigFormat, end = text.length): Nesting {
  const passedOver = PASSED_OVER[format];
  const open: OpenBracket[] = [];
  let line = 1;
  let dots = 0;
  let lineIsBlank = true;
  for (let at = 0; at < end; at++) {
    const character = text[at]!;
    if (character === '"' || character === "'" || character === '#') {
      passedOver.lastIndex = at;
      const match = passedOver.exec(text);
      if (match) {
        line += match[0].split('\n').length - 1;
        at += match[0].length - 1;
      }
      lineIsBlank = false;
      continue;
    }
    if (character === '\n') {
      line++;
      lineIsBlank = true;
      dots = 0;
      continue;
    }
    if (character === ' ' || character === '\t' || character === '\r') continue;
    if (character === '[' || character === '{') {
      const header = format === 'toml' && character === '[' && isHeader(open, line, lineIsBlank);
      open.push({ bracket: character, line, header });
    } else if (character === ']' || character === '}') open.pop();
    if (character === '.') dots++;
    else if ('[]{},='.includes(character)) dots = 0;
    if (open.length > DEEPEST || dots > DEEPEST) return { tooDeep: line, open };
    lineIsBlank = false;
  }
  return { open };
}

/** The first bracket of a line outside of everything, or the second of `[[`. */
function isHeader(open: readonly OpenBracket[], line: number, lineIsBlank: boolean): boolean {
  if (open.length === 0) return lineIsBlank;
  const [first] = open;
  return open.length === 1 && first!.header && first!.line === line;
}
