// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are keepalived’s own.
import { describe, expect, test } from 'vitest';
import type { FileSource } from './files.ts';
import { filesOf } from './files.ts';
import { readLines } from './lines.ts';
import { statementsOf, textOf } from './statements.ts';
import { tokensOf, withoutComment } from './words.ts';

const PLACE = { file: 'k.conf', line: 1 };

/** A file system of these files. */
function source(files: Readonly<Record<string, string>>): FileSource {
  return {
    read: (file) => {
      if (files[file] === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
      return files[file];
    },
    names: (folder) =>
      Object.keys(files)
        .filter((file) => file.startsWith(`${folder}/`))
        .map((file) => file.slice(folder.length + 1)),
  };
}

function linesOf(text: string, configId = 'main'): string[] {
  return readLines('/k.conf', configId, source({ '/k.conf': text })).lines.map((line) => line.text);
}

describe('words', () => {
  test.each([
    ['abcd" efg h jkl "mnop', ['abcd efg h jkl mnop']],
    ['abcd "efg h jkl" mnop', ['abcd', 'efg h jkl', 'mnop']],
    [`"it's" 'say "x"'`, ["it's", 'say "x"']],
    ['a\\ b "\\"" \\x41\\102 \\n', ['a b', '"', 'AB', '\n']],
    ['\\cA', ['\x01']],
    ['""', ['']],
    ['a\tb', ['a', 'b']],
  ])('%s', (line, words) => {
    expect(tokensOf(line, PLACE).map((token) => (token.kind === 'word' ? token.text : token.kind))).toEqual(
      words,
    );
  });

  test.each([
    ['group{ a }', ['group', 'open', 'a', 'close']],
    ['"{" }', ['{', 'close']],
    ['${X} ${Y}a{', ['${X}', '${Y}a', 'open']],
  ])('braces: %s', (line, words) => {
    expect(tokensOf(line, PLACE).map((token) => (token.kind === 'word' ? token.text : token.kind))).toEqual(
      words,
    );
  });

  test.each([
    ['a # b', 'a '],
    ['a!b', 'a'],
    ['"a # b" ! c', '"a # b" '],
    ['a\\#b # c', 'a\\#b '],
    ['@!host a # b', '@!host a '],
  ])('comments: %s', (line, rest) => expect(withoutComment(line)).toBe(rest));
});

describe('conditions', () => {
  const text = 'a\n@main b\n@other c\n@^main d\n@^other e\n@!main f\n@main';

  test('hold for the host that they name', () => {
    expect(linesOf(text)).toEqual(['a', 'b', 'e']);
    expect(linesOf(text, 'other')).toEqual(['a', 'c', 'd', 'f']);
  });

  test('the others are told', () => {
    const { skipped } = readLines('/k.conf', 'main', source({ '/k.conf': text }));
    expect(skipped.map((line) => `${line.place.line} ${line.condition} ${line.text}`)).toEqual([
      '3 @other c',
      '4 @^main d',
      '6 @!main f',
    ]);
  });
});

describe('definitions', () => {
  test.each([
    ['$A=1\nx ${A}2 $A\n$A=3\nx $A', ['x 12 1', 'x 3']],
    ['$B=10.2.${S}\n$S=0\n${B}.100/32\n$S=10\n${B}.100/32', ['10.2.0.100/32', '10.2.10.100/32']],
    ['x ${UNKNOWN} $UNKNOWN', ['x ${UNKNOWN} $UNKNOWN']],
    ['$A=\nx${A}y', ['xy']],
    ['@main $P=1\n@other $P=2\np $P', ['p 1']],
    ['$IF=@main\n$IF priority 240', ['priority 240']],
    [
      '$I= \\\n  a ${N} { \\\n  @main b \\\n  @other c \\\n  }\n$N=0\n$I\n$N=1\n$I',
      ['a 0 {', 'b', '}', 'a 1 {', 'b', '}'],
    ],
    ['$R= \\\nr $N \\\ns\n$V= \\\n$N=1 \\\n$R \\\n$N=2 \\\n$R\n$V', ['r 1', 's', 'r 2', 's']],
    ['x ${_INSTANCE} ${_PWD} ${_HASH}', ['x main / #']],
    ['~SEQ(S, 0, 3) a 10.${S}', ['a 10.0', 'a 10.1', 'a 10.2', 'a 10.3']],
    ['~SEQ(S, 2) ~SEQ(T, 3, -1, 2) a ${S}${T}', ['a 13', 'a 12', 'a 23', 'a 22']],
    ['~SEQx(S, 0x90, 0x10, 0xc0) ${S}', ['90', 'a0', 'b0', 'c0']],
    ['~LST({A, B}, {10,1},{20,4}) ${A}.${B}', ['10.1', '20.4']],
    ['~LST(A, 1, 2) a$A', ['a1', 'a2']],
    ['a \\\n b', ['a b']],
  ])('%j', (text, lines) => expect(linesOf(text)).toEqual(lines));

  test.each([
    ['$A=${A}x\n$A', '/k.conf:2: $A: is defined by itself'],
    ['$A= \\\nx \\\n$A\n$A', '$A: is defined by itself'],
    ['a ${_RANDOM 1 9}', '/k.conf:1: ${_RANDOM 1 9}: is another number each time: must be the number itself'],
    ['~SEQ(S, a) x', '/k.conf:1: ~SEQ(S, a): must be a variable, then'],
    ['~SEQ(S, 1, 0, 5) x', 'must come to an end within 100000 steps'],
    ['~LST({A, B}, {1}) x', 'must be a variable and its values'],
    ['~SEQ S', 'must be ~SEQ(…) or ~LST(…)'],
  ])('%j is refused', (text, message) => expect(() => linesOf(text)).toThrow(message));

  test('a line of a definition is told as it is there', () => {
    const { lines } = readLines('/k.conf', 'main', source({ '/k.conf': '$I= \\\na \\\nb\n$I' }));
    expect(lines.map(({ place }) => place.line)).toEqual([2, 3]);
  });
});

describe('include', () => {
  const files = source({
    '/etc/k.conf': 'a\ninclude conf.d/*.conf\nb ${_PWD}',
    '/etc/conf.d/2.conf': 'two ${_PWD}',
    '/etc/conf.d/1.conf': 'one\ninclude ../x{1,2}.inc',
    '/etc/conf.d/.hidden.conf': 'hidden',
    '/etc/x1.inc': 'x1',
    '/etc/x2.inc': 'x2',
  });

  test('in its place, sorted, relative to the file that says so', () => {
    const { lines } = readLines('/etc/k.conf', 'main', files);
    expect(lines.map(({ text }) => text)).toEqual(['a', 'one', 'x1', 'x2', 'two /etc/conf.d', 'b /etc']);
    expect(lines[1]!.place).toEqual({ file: '/etc/conf.d/1.conf', line: 1 });
  });

  test.each([
    ['/etc/x[12].inc', ['/etc/x1.inc', '/etc/x2.inc']],
    ['/etc/x[!2].inc', ['/etc/x1.inc']],
    ['/etc/x?.inc', ['/etc/x1.inc', '/etc/x2.inc']],
    ['{foo/{,cat,dog},bar}', ['/etc/foo', '/etc/foo/cat', '/etc/foo/dog', '/etc/bar']],
    ['none*', []],
  ])('%s', (pattern, found) => {
    expect(filesOf(pattern, '/etc', files).map((file) => file.replace(/\/$/, ''))).toEqual(found);
  });

  test('a circle is refused', () => {
    const circle = source({ '/a': 'include /b', '/b': 'include /a' });
    expect(() => readLines('/a', 'main', circle)).toThrow('more than 32 files in one another');
  });

  test('nothing is fine, unless it says otherwise', () => {
    expect(linesOf('include nothing*')).toEqual([]);
    expect(() => linesOf('includew nothing*')).toThrow('/k.conf:1: includew nothing*: there is no such file');
  });
});

describe('statements', () => {
  const shape = (text: string): unknown => {
    const { lines } = readLines('/k.conf', 'main', source({ '/k.conf': text }));
    const plain = (all: ReturnType<typeof statementsOf>): unknown =>
      all.map((each) => (each.block ? { [textOf(each)]: plain(each.block) } : textOf(each)));
    return plain(statementsOf(lines));
  };

  test.each([
    ['a 1\nb {\n c 2\n}\nd', ['a 1', { b: ['c 2'] }, 'd']],
    ['a\n{\n b\n}', [{ a: ['b'] }]],
    ['a { b { c } }', [{ a: [{ b: ['c'] }] }]],
    ['a { b\n c } d', [{ a: ['b', 'c'] }, 'd']],
    ['a {\n}', [{ a: [] }]],
  ])('%j', (text, expected) => expect(shape(text)).toEqual(expected));

  test('neither a password nor a control character is shown', () => {
    expect(shape('auth_pass "x y"\na \\x07')).toEqual(['auth_pass ***', 'a \\x07']);
  });
});
