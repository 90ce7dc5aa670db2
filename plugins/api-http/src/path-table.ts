/** Which methods each path has: what a 405 answer needs, and the router does not tell. */
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Access } from './deps.ts';

interface Entry {
  readonly expression: RegExp;
  /** By method. */
  readonly routes: Map<string, RouteOptions>;
}

/** Knows every route that is added after {@link watch}. */
export class PathTable {
  private readonly entries = new Map<string, Entry>();

  /** Notes the routes that `app` and its plugins add from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', (route) => {
      const pattern = withoutFinalSlash(route.url);
      let entry = this.entries.get(pattern);
      if (entry === undefined) {
        entry = { expression: expressionOf(pattern), routes: new Map() };
        this.entries.set(pattern, entry);
      }
      for (const method of [route.method].flat()) entry.routes.set(method, route);
    });
  }

  /**
   * @param url of a request, with or without its query
   * @returns the methods of that path, with the access that each needs; empty if there is no such path
   */
  methods(url: string): ReadonlyMap<string, Access> {
    const path = withoutFinalSlash(url.split('?', 1)[0]!);
    const found = new Map<string, Access>();
    for (const { expression, routes } of this.entries.values()) {
      if (!expression.test(path)) continue;
      // Asked for now: hooks of plugins may have set it after the route was noted.
      for (const [method, { config }] of routes) found.set(method, config?.access ?? 'write');
    }
    return found;
  }
}

/** `/run/vrrp/` is `/run/vrrp`; the root is the empty path. */
function withoutFinalSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function expressionOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
