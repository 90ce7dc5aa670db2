/** Words for people. */

/** `1 packet`, `2 packets`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** So many of a list are told by name. */
const TOLD = 5;

/** The first of some texts, the others counted: `a; b; c; d; e; and 3 more`. */
export function firstOf(texts: readonly string[]): string {
  const more = texts.length - TOLD;
  return [...texts.slice(0, TOLD), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
