import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../plugin/contracts/index.ts';
import { applyChanges } from './edit/changes.ts';
import { add, change, parsed, remove, router, set } from './edit/test-edit.ts';
import { editToml } from './edit/toml.ts';
import { EditError, editData, editText } from './edit.ts';

describe('any changes of any configuration', () => {
  const scalar = fc.oneof(
    fc.integer({ min: -5, max: 3_000 }),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    fc.constantFrom('#', '"', "'", '\\', '\n', '[x]', '"""'),
  );
  const key = fc.oneof(fc.constantFrom('a', 'b', 'c d', '', '#'), fc.string({ maxLength: 3 }));
  const value = fc.letrec<{ any: unknown; table: Record<string, unknown> }>((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('any'), { maxLength: 3 }), tie('table')),
    table: fc.dictionary(key, tie('any'), { maxKeys: 3 }),
  }));
  const addresses = fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'), { maxLength: 3 });

  /** A router as it stands in the file, each line but its first with or without comments and space. */
  const routerText = fc.record({
    vip: fc.tuple(addresses, fc.constantFrom('[', '[\n  # in\n  ', '[ ')),
    timers: fc.constantFrom(
      [],
      ['timers = { advert = 1 } # t'],
      ['timers.advert = 1', 'timers.more = { a.b = 1 }'],
      ['[vrouter.timers]', 'advert = 0x1'],
      ['[vrouter.timers.more] # only this', 'x = [ { a = 1 }, { b = 2 } ]'],
    ),
    space: fc.array(fc.constantFrom('', '', '', '# comment', '  # comment', '\n'), {
      minLength: 9,
      maxLength: 9,
    }),
    indentation: fc.constantFrom('', '  ', '\t'),
  });
  type RouterText = typeof routerText extends fc.Arbitrary<infer T> ? T : never;
  const written = ({ vip: [list, open], timers, space, indentation }: RouterText, group: number): string => {
    const elements = list.map((address) => JSON.stringify(address));
    const spread = open.includes('\n');
    const vip = `${open}${elements.join(spread ? ', # each\n  ' : ',')}${spread ? '\n' : ''}]`;
    const lines = [`interface = 'eth0'`, `group = ${group} # the group`, `vip = ${vip}`, ...timers];
    const body = lines.flatMap((line, index) => {
      const before = space[index]!;
      return before === '' ? [indentation + line] : [before.trimEnd(), indentation + line];
    });
    return [`${indentation}[[vrouter]] # ${group}`, ...body].join('\n');
  };

  const others = fc.shuffledSubarray([
    '[api]\n# c\ntls = true\nusers = [\n  "a", # a\n  "b",\n]',
    '[protocols]\n  [[protocols.static]]\n  route = "a"\n  nh = "b"\n\n  # two\n  [[protocols.static]]\n  route = "b" # b',
    '[plugins]\n"./p" = { version = "1", options = { x = 1 } }\nn = "1"',
    '# t\n[odd.deep]\nx = 1\n\n[odd.deep.er]\ny.z = 1',
  ]);
  const general = fc.subarray([
    'debug = 0x1 # d',
    'dotted.a = 1\ndotted.b.c = 2',
    "pid = 'x'",
    'inline = { a = 1, b.c = 2 }',
  ]);
  const file = fc
    .record({
      head: fc.constantFrom('', '# head\n', '# head\n\n'),
      general,
      routers: fc.array(fc.tuple(routerText, fc.constantFrom('', '# above\n', '# a\n\n# b\n')), {
        maxLength: 4,
      }),
      others,
      places: fc.array(fc.nat({ max: 4 }), { minLength: 4, maxLength: 4 }),
      gap: fc.constantFrom('\n', '\n\n', '\n\n\n', '\n# between\n', '\n\n# between\n\n'),
      end: fc.constantFrom('', '\n', '\n\n', '\n# end', '\n\n# end\n'),
    })
    .map(({ head, general: lines, routers, others: tables, places, gap, end }) => {
      const texts = routers.map(([text], index) => written(text, index));
      const sections = texts.map((text, index) => routers[index]![1] + text);
      for (const [index, table] of tables.entries()) {
        sections.splice(Math.min(places[index]!, sections.length), 0, table);
      }
      return { text: head + [...lines, ...sections].join(gap) + end, texts };
    });

  const group = fc.nat({ max: 5 });
  const patch = fc.dictionary(
    fc.constantFrom('vip', 'priority', 'timers', 'group', 'auth_type', 'odd'),
    fc.oneof(
      fc.constant(null),
      addresses,
      value.any,
      fc.constant({ advert: 2 }),
      fc.constant({ advert: null }),
    ),
    { maxKeys: 3, noNullPrototype: true },
  );
  const path = fc.oneof(
    fc.constantFrom(
      ...[
        'debug',
        'pid',
        'api',
        'api tls',
        'api users',
        'protocols',
        'protocols static',
        'protocols other',
        'plugins',
      ],
      ...[
        'plugins ./p',
        'plugins ./p options',
        'plugins ./p options x',
        'plugins n',
        'odd',
        'odd deep',
        'odd deep x',
      ],
      ...[
        'odd deep er',
        'odd deep er y',
        'dotted',
        'dotted a',
        'dotted b',
        'dotted b c',
        'inline a',
        'inline b c',
      ],
    ),
    fc
      .array(fc.constantFrom('x', 'y', 'debug', 'api'), { minLength: 1, maxLength: 3 })
      .map((keys) => keys.join(' ')),
  );
  const route = fc.constantFrom(
    { route: 'a', nh: 'b' },
    { route: 'b' },
    { route: 'a', nh: 'c' },
    { route: 'n' },
  );
  const oneChange: fc.Arbitrary<ConfigurationChange> = fc.oneof(
    fc.tuple(path, fc.oneof(fc.constant(undefined), value.any)).map(([at, wanted]) => set(at, wanted)),
    fc.array(route, { maxLength: 4 }).map((routes) => set('protocols static', routes)),
    fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }).map((users) => set('api users', users)),
    fc.tuple(group, patch).map(([of, wanted]) => change(of, wanted)),
    group.map(remove),
    fc.tuple(group, patch).map(([of, table]) => add({ ...table, ...router(of) })),
  );
  const changes = fc.array(oneChange, { minLength: 1, maxLength: 5 });
  const outcome = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      if (error instanceof EditError) return `${error.reason}: ${error.message}`;
      throw error;
    }
  };

  test('TOML: the text says what the data is, and what is not touched stays', () => {
    let made = 0;
    fc.assert(
      fc.property(file, changes, ({ text, texts }, wanted) => {
        const document = parsed(text, 'toml');
        const data = outcome(() => editData(document.data, wanted));
        const result = outcome(() => editText(document, text, wanted));
        if (typeof data === 'string') return void expect(result).toBe(data);
        made++;
        expect(parsed(result as string, 'toml').data).toEqual(data);
        let at = 0;
        for (const [index, routerLines] of texts.entries()) {
          if (wanted.some((each) => 'router' in each && each.router.group === index)) continue;
          const found = (result as string).indexOf(routerLines, at);
          expect(found, routerLines).toBeGreaterThanOrEqual(0);
          at = found + routerLines.length;
        }
        // The same edits, whatever the lines end with.
        const after = applyChanges(document.data, wanted);
        const crlf = (lines: string) => lines.replaceAll('\n', '\r\n');
        if (!text.includes('\n')) return; // it does not say
        expect(editToml(crlf(text), document.data, after)).toBe(crlf(editToml(text, document.data, after)));
      }),
      { numRuns: 600 },
    );
    expect(made).toBeGreaterThan(200);
  });

  test('JSON: the same', () => {
    fc.assert(
      fc.property(file, changes, fc.constantFrom(undefined, 1, 2, '\t'), ({ text }, wanted, indentation) => {
        const json = JSON.stringify(parsed(text, 'toml').data, undefined, indentation);
        const document = parsed(json, 'json');
        const data = outcome(() => editData(document.data, wanted));
        const result = outcome(() => editText(document, json, wanted));
        if (typeof data === 'string') return void expect(result).toBe(data);
        expect(parsed(result as string, 'json').data).toEqual(data);
        // What is on one line stays there, and what has a line for each member keeps that.
        if (json !== '{}' && result !== '{}')
          expect((result as string).includes('\n')).toBe(json.includes('\n'));
      }),
      { numRuns: 300 },
    );
  });
});
