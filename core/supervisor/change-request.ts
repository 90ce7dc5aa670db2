/** Whether what a service asks for is a change request at all: a plugin of somebody else may send anything. Pure. */
import { ENTRY_WORDS } from '../config/edit.ts';
import { DEEPEST } from '../config/nesting.ts';
import type { ConfigurationChange, RouterName } from '../plugin/contracts/index.ts';
import { detailsFault } from './control-messages.ts';

/** A log line needs no more of whoever asks, in characters. */
const LONGEST_NAME = 256;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What is wrong with a change request, and what would be right; undefined: nothing.
 * @param request as it came from the service
 */
export function changeRequestFault(request: unknown): string | undefined {
  if (!isFields(request)) return 'the request must be an object';
  const { changes, failOver = [], onlyIf = '', temporary = false, dryRun = false, by = '' } = request;
  if (!Array.isArray(changes)) return '"changes" must be an array';
  for (const [index, change] of changes.entries()) {
    const fault = changeFault(change);
    if (fault !== undefined) return `changes[${index}]${fault}`;
  }
  if (!Array.isArray(failOver)) return '"failOver" must be an array';
  const nameless = failOver.findIndex((name) => !isRouterName(name));
  if (nameless >= 0) return `failOver[${nameless}] ${ROUTER_NAME}`;
  const orders = [request.standby, request.resume].filter((order) => order !== undefined);
  if (orders.length > 0) {
    if (orders.length > 1 || changes.length > 0 || failOver.length > 0)
      return '"standby" and "resume" are requests of their own: nothing else may be asked for with them';
    const [order] = orders;
    if (!isFields(order) || !Array.isArray(order.names))
      return '"standby" and "resume" must be objects with "names", an array of strings';
    const fault = detailsFault(order);
    if (fault !== undefined) return fault;
  }
  if (typeof onlyIf !== 'string') return '"onlyIf" must be a string';
  if (typeof temporary !== 'boolean') return '"temporary" must be true or false';
  if (typeof dryRun !== 'boolean') return '"dryRun" must be true or false';
  if (typeof by !== 'string' || by.length > LONGEST_NAME) {
    return `"by" must be a string of at most ${LONGEST_NAME} characters`;
  }
  return undefined;
}

const ROUTER_NAME =
  'must name a virtual router: { "interface": a string, "group": an integer }, and where there are several, "family": 4 or 6, ' +
  '"version": 2 or 3';
const OPS = [
  ...['set', 'add-router', 'change-router', 'remove-router'],
  ...['add-entry', 'change-entry', 'remove-entry'],
] as ConfigurationChange['op'][];
const LISTS = Object.keys(ENTRY_WORDS);

function changeFault(change: unknown): string | undefined {
  if (!isFields(change)) return ' must be an object';
  switch (change.op as ConfigurationChange['op']) {
    case 'set': {
      const { path, value } = change;
      if (!Array.isArray(path) || path.length === 0 || path.some((step) => typeof step !== 'string')) {
        return '.path must be an array of one or more strings';
      }
      return value === undefined || isData(value) ? undefined : `.value ${DATA}`;
    }
    case 'add-router':
      return isFields(change.table) && isData(change.table)
        ? undefined
        : `.table must be an object, and ${DATA}`;
    case 'change-router':
      if (!isRouterName(change.router)) return `.router ${ROUTER_NAME}`;
      return isFields(change.patch) && isData(change.patch)
        ? undefined
        : `.patch must be an object, and ${DATA}`;
    case 'remove-router':
      return isRouterName(change.router) ? undefined : `.router ${ROUTER_NAME}`;
    case 'add-entry':
    case 'change-entry':
    case 'remove-entry':
      return entryFault(change);
    default:
      return `.op must be one of ${OPS.join(', ')}`;
  }
}

function entryFault({ op, list, name, table, patch }: Fields): string | undefined {
  if (typeof list !== 'string' || !LISTS.includes(list)) return `.list must be one of ${LISTS.join(', ')}`;
  if (op !== 'add-entry' && typeof name !== 'string') return '.name must be a string';
  if (op === 'remove-entry') return undefined;
  const [key, value] = op === 'add-entry' ? ['table', table] : ['patch', patch];
  return isFields(value) && isData(value) ? undefined : `.${key} must be an object, and ${DATA}`;
}

const DATA = `must hold nothing but strings, numbers, true, false, null, arrays and objects, ${DEEPEST} levels at most`;

/** Whether JSON could say it. */
function isData(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth >= DEEPEST) return false;
  const inner = (each: unknown): boolean => isData(each, depth + 1);
  if (Array.isArray(value)) return value.every(inner);
  // A field that is undefined is as good as none.
  return isFields(value) && Object.values(value).every((each) => each === undefined || inner(each));
}

function isRouterName(name: unknown): name is RouterName {
  if (!isFields(name)) return false;
  const { interface: on, group, family, version } = name;
  return (
    typeof on === 'string' &&
    Number.isInteger(group) &&
    (family === undefined || family === 4 || family === 6) &&
    (version === undefined || version === 2 || version === 3)
  );
}

/** Not an array, a date or a map: those come through between threads as well. */
function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
