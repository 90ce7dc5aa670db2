/** `~SEQ(…)` and `~LST(…)`: what the rest of a line is repeated with (keepalived.conf(5)). Pure. */
import { ImportError, type Place } from './place.ts';

/** What a line stands for. */
export interface Repeats {
  /** For each time: the variables, and what they are then. */
  readonly values: readonly (readonly (readonly [name: string, value: string])[])[];
  readonly rest: string;
}

const MOST = 100_000;

/**
 * Reads the block at the begin of a line.
 * @param fillIn puts the values of variables into what is between its parentheses
 * @returns undefined if there is none
 * @throws ImportError if there is one that cannot be understood
 */
export function repeats(text: string, place: Place, fillIn: (text: string) => string): Repeats | undefined {
  const [, kind, inside, rest = ''] = /^~(SEQx?|LST)\(([^)]*)\)\s*(.*)$/s.exec(text) ?? [];
  if (kind === undefined) {
    if (/^~(SEQx?|LST)\b/.test(text))
      throw new ImportError({ place, message: `${text}: must be ~SEQ(…) or ~LST(…)` });
    return undefined;
  }
  const filled = fillIn(inside!);
  return { values: kind === 'LST' ? listOf(filled, place) : sequenceOf(filled, kind, place), rest };
}

function sequenceOf(inside: string, kind: string, place: Place): Repeats['values'] {
  const form = `~${kind}(${inside})`;
  const fault = (message: string): ImportError => new ImportError({ place, message: `${form}: ${message}` });
  const [name = '', ...numbers] = inside.split(',').map((part) => part.trim());
  const parsed = numbers.map((text) => Number(text.replace(/^-(0x)/i, '$1')) * (/^-0x/i.test(text) ? -1 : 1));
  if (
    !/^[A-Za-z_]\w*$/.test(name) ||
    parsed.length < 1 ||
    parsed.length > 3 ||
    !parsed.every(Number.isInteger)
  )
    throw fault('must be a variable, then start, step and end, or start and end, or the end alone');
  const end = parsed.at(-1)!;
  const start = parsed.length > 1 ? parsed[0]! : end > 0 ? 1 : -1;
  const step = parsed.length === 3 ? parsed[1]! : end >= start ? 1 : -1;
  if (step === 0 || (end - start) / step > MOST) throw fault(`must come to an end within ${MOST} steps`);
  const values: [string, string][][] = [];
  for (let at = start; step > 0 ? at <= end : at >= end; at += step)
    values.push([[name, kind === 'SEQx' ? at.toString(16) : String(at)]]);
  return values;
}

function listOf(inside: string, place: Place): Repeats['values'] {
  const parts =
    inside
      .match(/\{[^}]*\}|[^,{}]+/g)
      ?.map((part) => part.trim())
      .filter((part) => part !== '') ?? [];
  const words = (part: string): string[] =>
    part.startsWith('{')
      ? part
          .slice(1, -1)
          .split(',')
          .map((word) => word.trim())
      : [part];
  const [names = [], ...values] = parts.map(words);
  const isRight =
    names.length > 0 &&
    values.length > 0 &&
    names.every((name) => /^[A-Za-z_]\w*$/.test(name)) &&
    values.every(({ length }) => length === names.length);
  if (!isRight)
    throw new ImportError({
      place,
      message: `~LST(${inside}): must be a variable and its values, or {A, B} and pairs such as {1, 2}`,
    });
  return values.map((each) => each.map((value, at) => [names[at]!, value] as const));
}
