/** Values that a change brings into a configuration, and why there are some that it cannot. Pure. */
import type { ErrorCode } from '../../shared/errors.ts';
import type { RawTable } from '../document.ts';
import { type ConfigPath, directiveName } from '../issues.ts';
import { isTable, own, put } from './table.ts';

/**
 * Why a change cannot be made. `missing`: there is no such virtual router, tracker or group; `exists`: there is one already;
 * `invalid`: it makes no sense, or the file cannot hold it.
 */
export type EditFault = 'missing' | 'exists' | 'invalid';

/** A change that cannot be made; the message is for the operator, and holds no value of a directive. */
export class EditError extends Error {
  override readonly name = 'EditError';

  constructor(
    readonly reason: EditFault,
    message: string,
    /** Absent: what is usual for the reason. */
    readonly code?: ErrorCode,
  ) {
    super(message);
  }
}

/** Tables and arrays in one another; far above what any plugin's options need. */
const MAX_DEPTH = 32;

/** JSON Merge Patch (RFC 7396 §2); what is `undefined` goes, like what is `null`. */
export function mergePatch(target: unknown, patch: unknown, path: ConfigPath): unknown {
  if (!isTable(patch)) return plain(patch, path);
  checkDepth(path);
  const result: RawTable = isTable(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    checkKey(key, path);
    if (value === null || value === undefined) delete result[key];
    else {
      put(result, key, mergePatch(own(result, key), value, [...path, key]));
    }
  }
  return result;
}

/**
 * A copy of a value as a configuration file can hold it. `null` and `undefined` mean absent, as in JSON files:
 * they are left out of tables.
 * @throws EditError for what no file can hold
 */
export function plain(value: unknown, path: ConfigPath): unknown {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return value;
    case 'string':
      checkText(value, path);
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new EditError('invalid', `${directiveName(path)} is not a number`);
      return value === 0 ? 0 : value; // JSON and TOML do not agree on what -0 is
    case 'object':
      break;
    default:
      throw unfit(path);
  }
  if (value === null) return undefined;
  checkDepth(path);
  if (Array.isArray(value)) {
    return value.map((element: unknown, index) => {
      const copy = plain(element, [...path, index]);
      if (copy === undefined) throw new EditError('invalid', `${directiveName([...path, index])} is missing`);
      return copy;
    });
  }
  if (!isTable(value)) throw unfit(path);
  const table: RawTable = {};
  for (const [key, inner] of Object.entries(value)) {
    checkKey(key, path);
    const copy = plain(inner, [...path, key]);
    if (copy !== undefined) put(table, key, copy);
  }
  return table;
}

function unfit(path: ConfigPath): EditError {
  return new EditError('invalid', `${directiveName(path)} is nothing that a configuration file can hold`);
}

function checkDepth(path: ConfigPath): void {
  if (path.length > MAX_DEPTH)
    throw new EditError('invalid', `${directiveName([path[0]!])} is nested too deep`);
}

/**
 * Names such as `constructor` and `__proto__` are refused: no directive, protocol or option has one, and the
 * TOML parser takes a `[constructor]` for the function that every object inherits.
 */
export function checkKey(key: string, path: ConfigPath): void {
  checkText(key, path);
  if (key in Object.prototype) {
    throw new EditError('invalid', `${directiveName([...path, key])} cannot be the name of a directive`);
  }
}

/** Half a surrogate pair cannot be written as UTF-8. */
function checkText(text: string, path: ConfigPath): void {
  if (/\p{Surrogate}/u.test(text))
    throw new EditError('invalid', `${directiveName(path)} is not valid Unicode`);
}
