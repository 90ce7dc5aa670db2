/** The words of a line: what parts them, quotes and escapes (keepalived.conf(5), "Quoted strings"). Pure. */
import { ImportError, type Place } from './place.ts';

/** A word, or a brace that opens or closes a block. */
export type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: 'open' | 'close' };

/** `\n` and its like; every other letter stands for itself. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The line up to its comment. A `#` or `!` within quotes, or behind a backslash, begins none. */
export function withoutComment(line: string): string {
  let quote = '';
  // The `!` of `@!host` is a condition.
  const first = /^\s*@!/.exec(line)?.[0].length ?? 0;
  for (let at = first; at < line.length; at++) {
    const letter = line[at]!;
    if (letter === '\\') at++;
    else if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '#' || letter === '!') return line.slice(0, at);
  }
  return line;
}

/**
 * Parts a line. Quotes join what is between them to one word and vanish: `a" b "c` is `a b c`.
 * @throws ImportError if a quote does not end
 */
export function tokensOf(line: string, place: Place): Token[] {
  const tokens: Token[] = [];
  let word: string | undefined;
  let isPlain = true;
  let quote = '';
  const end = (): void => {
    if (word === undefined) return;
    if (isPlain) pushPlain(word, tokens);
    else tokens.push({ kind: 'word', text: word });
    word = undefined;
    isPlain = true;
  };
  for (let at = 0; at < line.length; at++) {
    const letter = line[at]!;
    if (letter === '\\' && at + 1 < line.length) {
      const [text, length] = escaped(line.slice(at + 1));
      word = (word ?? '') + text;
      isPlain = false;
      at += length;
    } else if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
      isPlain = false;
    } else if (/\s/.test(letter)) end();
    else word = (word ?? '') + letter;
  }
  if (quote !== '')
    throw new ImportError({
      place,
      message: `${line.trim()}: must have a second ${quote} that ends the text`,
    });
  end();
  return tokens;
}

/** `group{` is a word and a brace; `${NAME}`, which nobody has defined, is a word. */
function pushPlain(text: string, tokens: Token[]): void {
  const [, before = '', words = '', after = ''] = /^([{}]*)(.*?)([{}]*)$/s.exec(text) ?? [];
  const isVariable = words.includes('${') && after.startsWith('}');
  const braces = (all: string): void => {
    for (const brace of all) tokens.push({ kind: brace === '{' ? 'open' : 'close' });
  };
  braces(before);
  if (words !== '') tokens.push({ kind: 'word', text: isVariable ? `${words}}` : words });
  braces(isVariable ? after.slice(1) : after);
}

/** What a backslash and the text behind it stand for. @returns it, and how many letters it takes */
function escaped(rest: string): readonly [text: string, length: number] {
  const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
  if (octal !== undefined) return [String.fromCharCode(Number.parseInt(octal, 8) & 0xff), octal.length];
  const hex = /^x([0-9a-fA-F]+)/.exec(rest);
  if (hex !== null) return [String.fromCharCode(Number.parseInt(hex[1]!.slice(-2), 16)), hex[0].length];
  const control = /^c([A-Za-z@[\]^_\\])/.exec(rest)?.[1];
  if (control !== undefined) return [String.fromCharCode(control.toUpperCase().charCodeAt(0) & 0x1f), 2];
  const letter = rest[0]!;
  return [ESCAPES[letter] ?? letter, 1];
}
