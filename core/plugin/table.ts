/** The names that plugins answer to. */

import type { IssueList } from '../config/issue-list.ts';
import type { SchemaNode } from '../config/schema.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { PluginKind } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';

/** A plugin under one of its names. */
export interface Offer {
  readonly name: string;
  readonly plugin: ResolvedPlugin;
  /** Schema of one `[[protocols.<name>]]` entry, of `[vrouter.auth]`, or of its own part of a `[[track]]`. */
  readonly configSchema?: SchemaNode;
}

/** Every name of every plugin. One name of a kind has one plugin. */
export class PluginTable {
  private readonly offers: Offer[] = [];
  private readonly byName = new Map<string, AvailablePlugin>();

  /** @param available in order of precedence; two that answer to one name are reported to `list` */
  constructor(available: readonly AvailablePlugin[], list: IssueList) {
    for (const candidate of available) {
      const { kind, names } = candidate.resolved;
      for (const name of names) {
        const key = `${kind} ${name}`;
        const before = this.byName.get(key);
        if (before === undefined) {
          this.byName.set(key, candidate);
          this.offers.push(toOffer(name, candidate));
        } else reportClash(name, before, candidate, list);
      }
    }
  }

  /** The plugin of a kind that answers to `name`. */
  find(kind: PluginKind, name: string): Offer | undefined {
    const found = this.byName.get(`${kind} ${name}`);
    return found === undefined ? undefined : toOffer(name, found);
  }

  /** Everything of a kind, in order of precedence. */
  all(kind: PluginKind): readonly Offer[] {
    return this.offers.filter((offer) => offer.plugin.kind === kind);
  }

  /** The names of a kind. */
  names(kind: PluginKind): readonly string[] {
    return this.all(kind).map(({ name }) => name);
  }

  /** What is used where the configuration names nothing: the default plugin, or else the first one. */
  preferred(kind: PluginKind): Offer | undefined {
    const offers = this.all(kind);
    return offers.find((offer) => offer.plugin.default) ?? offers[0];
  }
}

function toOffer(name: string, { resolved, configSchema }: AvailablePlugin): Offer {
  return { name, plugin: resolved, ...(configSchema === undefined ? {} : { configSchema }) };
}

function reportClash(name: string, before: AvailablePlugin, other: AvailablePlugin, list: IssueList): void {
  const { kind } = other.resolved;
  const what = `${kind} "${name}"`;
  if (other.path !== undefined) {
    const message = `answers to ${what}, as does ${label(before)}: remove one of the two`;
    list.error(other.path, message);
  } else if (before.path !== undefined) {
    list.add('notice', before.path, `answers to ${what} in place of the built-in ${label(other)}`);
  } else {
    // Not the operator's doing, so nothing in the file is to blame.
    list.error([], `both ${label(before)} and ${label(other)} answer to ${what}: reinstall rvrrpd`);
  }
}

function label({ resolved }: AvailablePlugin): string {
  return `${resolved.package} ${resolved.version}`;
}
