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

/** Blocks of a `vrrp_instance` or `vrrp_sync_group`, which have none of each other in them. */
const INNER: readonly string[] = [
  ...['authentication', 'virtual_ipaddress', 'virtual_ipaddress_excluded', 'virtual_routes', 'virtual_rules'],
  ...['unicast_peer', 'track_interface', 'track_script', 'track_file', 'track_process', 'track_bfd'],
];

/** Of them those whose lines do not begin with names that somebody has chosen. */
const LISTS: readonly string[] = INNER.slice(0, INNER.indexOf('track_script'));

/** What stands beside them, and in none of them. */
const BESIDE: readonly string[] = [
  ...[
    'state',
    'interface',
    'virtual_router_id',
    'priority',
    'advert_int',
    'version',
    'native_ipv6',
    'use_vmac',
  ],
  ...['preempt', 'nopreempt', 'preempt_delay', 'unicast_src_ip', 'mcast_src_ip', 'dont_track_primary'],
  ...['notify', 'notify_master', 'notify_backup', 'notify_fault', 'notify_stop', 'smtp_alert'],
  ...['garp_master_delay', 'garp_master_repeat', 'garp_master_refresh', 'garp_master_refresh_repeat'],
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
      const block = stack.at(-1)!;
      const inside = block.block!;
      if (token.kind === 'word') {
        if (current) current.words.push(token.text);
        else {
          requireBlock(inside.at(-1));
          current = { words: [token.text], place };
          requirePlace(current, block);
          inside.push(current);
        }
      } else if (token.kind === 'open') {
        // The brace may stand on a line of its own.
        const owner = current ?? inside.at(-1);
        if (!owner || owner.block)
          throw new ImportError({ place, message: '{: must stand behind the name of a block' });
        const [, outer] = stack;
        if (outer && TOP.includes(owner.words[0]!)) throw isWithin(owner, outer);
        owner.block = [];
        stack.push(owner);
        current = undefined;
      } else {
        requireBlock(inside.at(-1));
        if (stack.length === 1)
          throw new ImportError({ place, message: '}: there is no block that it could end' });
        stack.pop();
        current = undefined;
      }
    }
  }
  const open = stack.at(-1)!;
  requireBlock(open.block!.at(-1));
  if (open !== root)
    throw new ImportError({
      place: open.place,
      message: `${open.words.join(' ')}: its block must end with }`,
    });
  return root.block as readonly Statement[];
}

/** @throws ImportError if a brace was forgotten behind a statement, which is complete */
function requireBlock(statement: Open | undefined): void {
  if (!statement || statement.block) return;
  const { words, place } = statement;
  const name = words[0]!;
  if (TOP.includes(name) || INNER.includes(name))
    throw new ImportError({ place, message: `${words.join(' ')}: must have a block: { … }` });
}

/** @throws ImportError if a statement shows that the block it is in should have ended before it */
function requirePlace(statement: Open, block: Open): void {
  const [name = ''] = statement.words;
  const [around = ''] = block.words;
  const isInner = INNER.includes(name) && INNER.includes(around);
  if (isInner || (BESIDE.includes(name) && LISTS.includes(around))) throw isWithin(statement, block);
}

function isWithin({ words, place }: Open, around: Open): ImportError {
  const outer = `${around.words.join(' ')}, line ${around.place.line}`;
  return new ImportError({
    place,
    message: `${words.join(' ')}: is within ${outer}: there must be one more } before it`,
  });
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
