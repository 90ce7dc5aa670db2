/** Rules of routing: each that is to go or to come is that one, and not another one that has as many words and more. */
import type { KernelChange, KernelRefusal } from 'rvrrpd/plugin';
import type { LibnlAddon } from './native.ts';
import { errorIn } from './netlink.ts';
import { askingRules, type ListedRule, meant, movedBack, movingBack, rulesIn } from './rule-list.ts';

/** A change of a rule. */
export type RuleChange = Extract<KernelChange, { readonly rule: unknown }>;

/** From linux/netlink.h. */
const NETLINK_ROUTE = 0;
/** So often a list is asked for that changes while it is told. */
const ATTEMPTS = 5;

export function isRuleChange(change: KernelChange): change is RuleChange {
  return change.op === 'add-rule' || change.op === 'remove-rule';
}

/** See the file's comment. */
export class Rules {
  private socket: InstanceType<LibnlAddon['NetlinkSocket']> | undefined;

  /** @param send has the kernel make changes, as it understands them */
  constructor(
    private readonly addon: LibnlAddon,
    private readonly send: (changes: readonly KernelChange[]) => (KernelRefusal | null)[],
  ) {}

  /** Makes changes in order. @returns an entry for each, as a driver's `apply` */
  apply(changes: readonly RuleChange[]): (KernelRefusal | null)[] {
    const results: (KernelRefusal | null)[] = changes.map(() => null);
    const lists = new Map<4 | 6, readonly ListedRule[]>();
    let run: number[] = [];
    const flush = (): void => {
      if (run.length === 0) return;
      const answers = this.send(run.map((index) => changes[index]!));
      for (const [at, index] of run.entries()) results[index] = answers[at] ?? null;
      run = [];
    };
    for (const [index, change] of changes.entries()) {
      if (change.op === 'add-rule') lists.clear();
      else {
        const { family } = change.rule;
        if (!lists.has(family)) flush();
        const list = lists.get(family) ?? this.list(family);
        const found = meant(list, change.rule);
        if (!found) {
          results[index] = absent(change);
          continue;
        }
        if (found.ahead.length > 0) flush();
        lists.set(
          family,
          this.moveBack(list, found.ahead).filter((each) => each !== found.rule),
        );
      }
      run.push(index);
    }
    flush();
    this.addBeside(changes, results);
    return results;
  }

  close(): void {
    this.socket?.close();
    this.socket = undefined;
  }

  /** The kernel takes a rule for one that is there if that says more than it does: then it is added without a look. */
  private addBeside(changes: readonly RuleChange[], results: (KernelRefusal | null)[]): void {
    for (const [index, change] of changes.entries()) {
      if (change.op !== 'add-rule' || results[index]?.errno !== 'EEXIST') continue;
      if (meant(this.list(change.rule.family), change.rule)) continue;
      const beside = { ...change, rule: { ...change.rule, beside: true } };
      results[index] = this.send([beside])[0] ?? null;
    }
  }

  /** Those ahead say more than the rule that is to go, and lead where it does: for the moment that one is away, it stands in. */
  private moveBack(list: readonly ListedRule[], ahead: readonly ListedRule[]): readonly ListedRule[] {
    let now = list;
    for (const rule of ahead) {
      const refused = errorIn(this.exchange(movingBack(rule), 2));
      if (refused !== 0)
        throw new Error(`a rule of priority ${rule.priority} cannot be moved: errno ${refused}`);
      now = movedBack(now, rule);
    }
    return now;
  }

  /** @throws Error if the kernel does not tell */
  private list(family: 4 | 6): readonly ListedRule[] {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const rules = rulesIn(this.exchange(askingRules(family), 0));
      if (rules) return rules;
    }
    throw new Error(`the rules of IPv${family} cannot be listed`);
  }

  private exchange(messages: Uint8Array, answers: number): Uint8Array {
    this.socket ??= new this.addon.NetlinkSocket(NETLINK_ROUTE);
    return this.socket.exchange(messages, answers);
  }
}

function absent({ rule: { priority } }: RuleChange): KernelRefusal {
  return { errno: 'ENOENT', message: `RTM_DELRULE priority ${priority}: ENOENT: no such rule` };
}
