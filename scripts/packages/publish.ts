/** Publishes tarballs, in their order. */
import { npm } from './npm.ts';
import type { Tarball } from './pack.ts';

/** Where to, and how. */
export interface PublishOptions {
  /** Default: the one that npm is configured for. */
  readonly registry?: string;
  /** Distribution tag. Default: `latest`. */
  readonly tag?: string;
  /** Signs where and from what it was built; needs a CI that npm trusts. */
  readonly provenance?: boolean;
  /** Only says what it would do. */
  readonly dryRun?: boolean;
  /** A token for the registry; default: what npm is configured with. */
  readonly token?: string;
}

/** What npm, or a registry, says of a version that is there: it cannot be replaced. */
const THERE_ALREADY = /previously published version|cannot publish over|already present/i;

/**
 * Publishes them one after the other: one that depends on another comes after it. What is there already is left out.
 * @returns a line for each @throws Error with what npm said, at the first one that is refused
 */
export async function* publishAll(
  tarballs: readonly Pick<Tarball, 'name' | 'version' | 'file'>[],
  options: PublishOptions,
): AsyncGenerator<string> {
  const { registry, token } = options;
  const where = registry === undefined ? [] : ['--registry', registry];
  if (registry !== undefined && token !== undefined) {
    where.push(`--${registry.replace(/^https?:/, '').replace(/\/?$/, '/')}:_authToken=${token}`);
  }
  for (const { name, version, file } of tarballs) {
    try {
      await npm([
        ...['publish', file, '--access', 'public', '--ignore-scripts', ...where],
        ...(options.tag === undefined ? [] : ['--tag', options.tag]),
        ...(options.provenance ? ['--provenance'] : []),
        ...(options.dryRun ? ['--dry-run'] : []),
      ]);
    } catch (error) {
      if (!(error instanceof Error && THERE_ALREADY.test(error.message))) throw error;
      yield `${name}@${version} is there already`;
      continue;
    }
    yield `${name}@${version} ${options.dryRun ? 'would be published' : 'is published'}`;
  }
}
