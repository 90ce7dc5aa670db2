/** The Markdown that the documents are written in, as blocks; and generated tables in it. Pure. */

/** A part of a document. Texts have Markdown's marks for code, links and emphasis in them. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly header: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

/** Reads a document. */
export function parseMarkdown(text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#+) (.*)$/.exec(line);
    if (line.trim() === '' || line.startsWith('<!--')) at++;
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, text: heading[2]! });
      at++;
    } else if (line.startsWith('```')) {
      const end = lines.indexOf('```', at + 1);
      blocks.push({ kind: 'code', lines: lines.slice(at + 1, end) });
      at = end + 1;
    } else if (line.startsWith('|')) {
      const table = take(lines, at, (each) => each.startsWith('|'));
      const [header = [], , ...rows] = table.map(cells);
      blocks.push({ kind: 'table', header, rows });
      at += table.length;
    } else if (/^(- |\d+\. )/.test(line)) {
      const list = take(lines, at, (each) => /^(- |\d+\. | {2,}\S)/.test(each));
      blocks.push({ kind: 'list', items: items(list) });
      at += list.length;
    } else {
      const paragraph = take(
        lines,
        at,
        (each) => each.trim() !== '' && !/^(#|```|\||- |\d+\. |<!--)/.test(each),
      );
      blocks.push({ kind: 'paragraph', text: paragraph.join(' ') });
      at += Math.max(1, paragraph.length);
    }
  }
  return blocks;
}

/** The blocks under the heading of this text, without it, up to the next one of its level. @throws Error if there is none */
export function under(blocks: readonly Block[], text: string): Block[] {
  const start = blocks.findIndex((block) => block.kind === 'heading' && block.text === text);
  const heading = blocks[start];
  if (heading?.kind !== 'heading') throw new Error(`there is no heading "${text}"`);
  const rest = blocks.slice(start + 1);
  const end = rest.findIndex((block) => block.kind === 'heading' && block.level <= heading.level);
  return end < 0 ? rest : rest.slice(0, end);
}

/** A table in Markdown. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string =>
    `|${row.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** What stands around a generated part. */
const BEGIN = /^<!-- generated: (.+?) -->$/;
const END = '<!-- end -->';

/**
 * The document with its generated parts made anew.
 * @param make the new text of a part, by its name
 */
export function regenerate(document: string, make: (name: string) => string): string {
  const lines = document.split('\n');
  const made: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    made.push(line);
    const name = BEGIN.exec(line)?.[1];
    if (name === undefined) continue;
    const end = lines.indexOf(END, at);
    if (end < 0) throw new Error(`"${line}" has no "${END}"`);
    const text = make(name);
    made.push(...(text === '' ? [] : ['', text, '']), END);
    at = end;
  }
  return made.join('\n');
}

/** Names of the generated parts of a document. */
export function generatedParts(document: string): string[] {
  return document.split('\n').flatMap((line) => BEGIN.exec(line)?.[1] ?? []);
}

function take(lines: readonly string[], from: number, fits: (line: string) => boolean): string[] {
  const end = lines.findIndex((line, index) => index > from && !fits(line));
  return lines.slice(from, end < 0 ? lines.length : end);
}

/** A bar in a cell has a backslash before it. */
function cells(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function items(lines: readonly string[]): string[] {
  const all: string[] = [];
  for (const line of lines) {
    if (/^(- |\d+\. )/.test(line)) all.push(line.replace(/^(- |\d+\. )/, ''));
    else all.push(`${all.pop()!} ${line.trim()}`);
  }
  return all;
}
