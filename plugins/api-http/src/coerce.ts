/**
 * Numbers and truth values in paths and queries, where everything is text. Bodies are left alone: Fastify's own
 * coercion would also turn `null`, which removes a directive in a merge patch, into 0.
 */
import type { FastifyInstance } from 'fastify';

/** Adds the hook that turns path and query parameters into the types that the route's schema names. */
export function coerceParameters(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ params, query, routeOptions: { schema } }) => {
    coerce(params, schema?.params);
    coerce(query, schema?.querystring);
  });
}

/** Changes what is of the form that its type has; what is not stays text, and fails its validation. */
function coerce(values: unknown, schema: unknown): void {
  if (!isRecord(values) || !isRecord(schema) || !isRecord(schema.properties)) return;
  for (const [name, property] of Object.entries(schema.properties)) {
    const value = values[name];
    if (typeof value !== 'string' || !isRecord(property)) continue;
    if (property.type === 'boolean' && /^(true|false)$/.test(value)) values[name] = value === 'true';
    else if (property.type === 'integer' && /^-?\d{1,15}$/.test(value)) values[name] = Number(value);
    else if (property.type === 'number' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value))
      values[name] = Number(value);
    else if (property.type === 'array') values[name] = [value];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
