/**
 * Lists with commas in a text: arrays and inline tables of TOML, arrays and objects of JSON. Members come and go
 * with the comments that belong to them; white space, comments and commas of the others stay as they are.
 */

/** Where a list stands in a text. Offsets in UTF-16 code units. */
export interface CommaList {
  /** Behind the opening bracket. */
  readonly open: number;
  /** Of the closing bracket. */
  readonly close: number;
  /** The members, without commas. */
  readonly members: readonly { readonly start: number; readonly end: number }[];
}

/** A member of the list to be. */
export interface Member {
  /** The member that it was; `undefined`: it is new. */
  readonly origin: number | undefined;
  readonly text: string;
}

/** How to write what there is no example of in the list itself. */
export interface ListStyle {
  readonly eol: string;
  /** Between the opening bracket and the first member, if the list was empty. */
  readonly first: string;
  /** Between a comma and the next member, if the list had one member at most. */
  readonly next: string;
  /** Between the last member and the closing bracket, if the list was empty. */
  readonly last: string;
}

/** A member with what belongs to it. */
interface Parts {
  /** Before it: white space, and comments in lines of their own. */
  readonly lead: string;
  /** Between it and its comma. */
  readonly gap: string;
  readonly comma: boolean;
  /** The rest of its line, which may be a comment. */
  readonly tail: string;
}

/** @returns what is to stand between the brackets of the list */
export function rewriteList(
  text: string,
  list: CommaList,
  wanted: readonly Member[],
  style: ListStyle,
): string {
  const { parts, rest } = takeApart(text, list);
  if (wanted.length === 0) return parts.length > 0 && !rest.includes('#') ? '' : rest;
  const firstLead = parts[0] === undefined ? style.first : bare(parts[0].lead, style.eol);
  const nextLead = parts[1] === undefined ? followOn(firstLead, style) : bare(parts[1].lead, style.eol);
  const endsWithComma = parts.at(-1)?.comma === true;
  let result = '';
  let commented = false; // the line so far ends with a comment
  const add = (piece: string): void => {
    if (commented && !/^[ \t]*\r?\n/.test(piece)) result += style.eol;
    commented = false;
    result += piece;
  };
  for (const [index, member] of wanted.entries()) {
    const part = member.origin === undefined ? undefined : parts[member.origin];
    const ownLead =
      part !== undefined && (part.lead.includes('#') || (member.origin === 0) === (index === 0));
    add(ownLead ? part.lead : index === 0 ? firstLead : nextLead);
    result += member.text + (part?.gap ?? '');
    if (index < wanted.length - 1 || endsWithComma) result += ',';
    result += part?.tail ?? '';
    commented = part?.tail.includes('#') === true;
  }
  add(parts.length === 0 ? style.last : rest);
  return result;
}

function takeApart(text: string, { open, close, members }: CommaList): { parts: Parts[]; rest: string } {
  const parts: Parts[] = [];
  let at = open;
  for (const [index, { start, end }] of members.entries()) {
    const limit = members[index + 1]?.start ?? close;
    const comma = findComma(text, end, limit);
    const behind = comma === undefined ? end : comma + 1;
    const newline = text.slice(behind, limit).search(/\r?\n/);
    const tail = newline < 0 ? '' : text.slice(behind, behind + newline);
    parts.push({
      lead: text.slice(at, start),
      gap: comma === undefined ? '' : text.slice(end, comma),
      comma: comma !== undefined,
      tail,
    });
    at = behind + tail.length;
  }
  return { parts, rest: text.slice(at, close) };
}

/** Between `start` and `end` are white space, comments and one comma at most. */
function findComma(text: string, start: number, end: number): number | undefined {
  for (let at = start; at < end; at++) {
    if (text[at] === ',') return at;
    if (text[at] === '#') at = text.indexOf('\n', at);
    if (at < 0) return undefined;
  }
  return undefined;
}

/** White space for a new member: like another's, without its comments and empty lines. */
function bare(lead: string, eol: string): string {
  const newline = lead.lastIndexOf('\n');
  return newline < 0 ? lead : eol + lead.slice(newline + 1);
}

/** How the second member is set off when the first one is by `lead`. */
function followOn(lead: string, style: ListStyle): string {
  return lead.includes('\n') ? lead : style.next;
}
