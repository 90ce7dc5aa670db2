/**
 * What makes a readable OpenAPI document of the routes' schemas. Each schema with a `title` becomes a
 * component of that name, told once.
 */
import { STATUS_CODES } from 'node:http';
import { isTable } from './tables.ts';

/** A part of the document. */
type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return isTable(value);
}

/** Where a JSON Schema has one schema, several, or several by name. */
const ONE = ['items', 'additionalProperties', 'not'];
const SEVERAL = ['anyOf', 'oneOf', 'allOf'];
const BY_NAME = ['properties', '$defs'];

/** What @fastify/swagger says of an answer that nobody has described; the document must say something. */
const UNDESCRIBED = 'Default Response';

/** Gives answers that nobody has described the name of their status, in place. */
export function nameAnswers(document: Node): void {
  for (const { responses } of operationsOf(document)) {
    if (!isNode(responses)) continue;
    for (const [status, response] of Object.entries(responses)) {
      if (isNode(response) && response.description === UNDESCRIBED) {
        response.description = STATUS_CODES[status] ?? status;
      }
    }
  }
}

/**
 * Moves titled schemas to the components, in place. Of several that differ, the first one alone.
 * @param document an OpenAPI document whose schemas belong to nobody else
 */
export function hoistTitled(document: Node): void {
  const components = childOf(document, 'components');
  const schemas = childOf(components, 'schemas');
  for (const { requestBody, responses } of operationsOf(document)) {
    if (isNode(requestBody)) hoistContent(requestBody, schemas);
    if (!isNode(responses)) continue;
    for (const response of Object.values(responses)) if (isNode(response)) hoistContent(response, schemas);
  }
}

function operationsOf(document: Node): readonly Node[] {
  const paths = Object.values(childOf(document, 'paths')).filter(isNode);
  return paths.flatMap((path) => Object.values(path).filter(isNode));
}

/** The member `name`, which is made if there is none. */
function childOf(node: Node, name: string): Node {
  const child = node[name];
  if (isNode(child)) return child;
  const made: Node = {};
  node[name] = made;
  return made;
}

/** Of a request body or a response. */
function hoistContent(holder: Node, schemas: Node): void {
  if (!isNode(holder.content)) return;
  for (const media of Object.values(holder.content).filter(isNode)) {
    media.schema = hoist(media.schema, schemas);
  }
}

function hoist(schema: unknown, schemas: Node): unknown {
  if (!isNode(schema)) return schema;
  const copy: Node = { ...schema };
  for (const name of ONE) if (name in copy) copy[name] = hoist(copy[name], schemas);
  for (const name of SEVERAL) {
    const members = copy[name];
    if (Array.isArray(members)) copy[name] = members.map((member) => hoist(member, schemas));
  }
  for (const name of BY_NAME) {
    const members = copy[name];
    if (!isNode(members)) continue;
    copy[name] = Object.fromEntries(
      Object.entries(members).map(([key, member]) => [key, hoist(member, schemas)]),
    );
  }
  const { title, ...content } = copy;
  if (typeof title !== 'string') return copy;
  schemas[title] ??= content;
  const same = JSON.stringify(schemas[title]) === JSON.stringify(content);
  return same ? { $ref: `#/components/schemas/${title}` } : copy;
}
