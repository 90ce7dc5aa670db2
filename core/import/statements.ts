/** From lines to statements: words, and the block behind them. Pure. */
import type { Line } from './lines.ts';
import { ImportError, type Place } from './place.ts';
import { tokensOf } from './words.ts';

/** A directive, with its block if it has one. */
export interface Statement {
  /** The directive and its values, quotes gone. At least one. */
  readonly words: readonly string[];
  readonly block?: readonly Statement[];
  readonly place: Place;
}

/** Blocks that are in no other: within one, a brace is missing before them. */
const TOP: readonly string[] = [
  ...[
    'global_defs',
    'vrrp_instance',
    'vrrp_sync_group',
    'vrrp_script',
    'vrrp_track_process',
    'vrrp_track_file',
  ],
  ...[
    'virtual_server',
    'virtual_server_group',
    'static_ipaddress',
    'static_routes',
    'static_rules',
    'garp_group',
  ],
];

interface Open {
  words: string[];
  block?: Open[];
  place: Place;
}

/** @throws ImportError for braces that do not belong together, and texts that do not end */
export function statementsOf(lines: readonly Line[]): readonly Statement[] {
  const root: Open = { words: [], block: [], place: { file: '', line: 0 } };
  const stack: Open[] = [root];
  for (const { text, place } of lines) {
    let current: Open | undefined;
    for (const token of tokensOf(text, place)) {
      const inside = stack.at(-1)!.block!;
      if (token.kind === 'word') {
        if (current) current.words.push(token.text);
        else {
          current = { words: [token.text], place };
          inside.push(current);
        }
      } else if (token.kind === 'open') {
        // The brace may stand on a line of its own.
        const owner = current ?? inside.at(-1);
        if (!owner || owner.block)
          throw new ImportError({ place, message: '{: must stand behind the name of a block' });
        const [, outer] = stack;
        if (outer && TOP.includes(owner.words[0]!))
          throw new ImportError({
            place: owner.place,
            message: `${owner.words.join(' ')}: is within ${outer.words.join(' ')}, line ${outer.place.line}: there must be one more } before it`,
          });
        owner.block = [];
        stack.push(owner);
        current = undefined;
      } else {
        if (stack.length === 1)
          throw new ImportError({ place, message: '}: there is no block that it could end' });
        stack.pop();
        current = undefined;
      }
    }
  }
  const open = stack.at(-1)!;
  if (open !== root)
    throw new ImportError({
      place: open.place,
      message: `${open.words.join(' ')}: its block must end with }`,
    });
  return root.block as readonly Statement[];
}

/** As it is written, on one line, without its block. A password is not shown. */
export function textOf({ words }: Statement): string {
  const shown = words[0] === 'auth_pass' ? ['auth_pass', '***'] : words;
  return shown
    .map((word) => (word === '' || /[\s"'#!]/.test(word) ? JSON.stringify(word) : word))
    .join(' ')
    .replace(
      /[^\x20-\x7e\u00a0-\uffff]/g,
      (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}
