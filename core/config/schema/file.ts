/**
 * The schema of the whole configuration file. It validates the file, fills in defaults, words the complaints
 * (`expected`), and is what the configuration reference is generated from (`description`).
 *
 * Values that select a plugin are free strings here: which ones there are is the plugins' own affair, and
 * resolved through their manifests (core/plugin/resolve.ts).
 */
import { type Static, Type } from '@sinclair/typebox';
import { ApiSchema } from './api.ts';
import { choice, closed, path, type RawEntry, text } from './directives.ts';
import { HookSchema } from './notify.ts';
import { PluginsSchema } from './plugins.ts';
import { ProtocolsSchema } from './protocols.ts';
import { SyncSchema } from './sync.ts';
import { TrackerSchema } from './track.ts';
import { VirtualRouterSchema } from './vrouter.ts';

/** `include`. */
const Include = Type.Array(Type.String({ minLength: 1, expected: 'a path or a pattern' }), {
  description:
    'Further files of the configuration, paths or patterns (`*`, `?`, `[…]`), relative to the folder of the file that ' +
    'names them. Default: none.',
  expected: 'an array of paths and patterns: [ "conf.d/*.toml" ]',
});

/** `[host.NAME]`: what such a table may hold, core/config/host-tables.ts says. */
const Hosts = Type.Unsafe<Record<string, RawEntry>>({
  type: 'object',
  additionalProperties: { type: 'object', expected: 'a table: [host.NAME]' },
  description: 'What holds on the host of that name alone.',
  expected: 'a table: [host.NAME]',
});

/** The whole file. */
export const ConfigSchema = Type.Object(
  {
    include: Type.Optional(Include),
    debug: Type.Unsafe<0 | 1 | 2 | 3 | 4 | 5>({
      type: 'integer',
      minimum: 0,
      maximum: 5,
      description:
        'How much is logged: 0 information, 1 low, 2 medium, 3 high, 5 extensive (each advertisement). `-d` overrides it.',
      expected: '0 to 5',
      default: 0,
    }),
    time_zone: choice(['local', 'utc'], {
      description: 'Time zone of timestamps.',
      expected: '"local" or "utc"',
      default: 'local',
    }),
    time_format: choice(['disabled', 'short', 'rfc2822'], {
      description: 'Format of timestamps; `disabled` is the default format.',
      expected: '"disabled", "short" or "rfc2822"',
      default: 'disabled',
    }),
    pid: path({
      description:
        'PID file; this and the next three are for `-m2`, where relative paths start at `working_dir`.',
      expected: 'a path',
      default: '/var/run/rvrrpd.pid',
    }),
    working_dir: path({
      description: 'Working directory of the daemon in the background.',
      expected: 'a path',
      default: '/tmp',
    }),
    main_log: path({
      description:
        'Log file of the daemon in the background. In the foreground the log goes to standard output.',
      expected: 'a path',
      default: '/var/log/rvrrpd.log',
    }),
    error_log: Type.Optional(
      path({
        description: 'File that errors are logged to as well. Default: `disabled`.',
        expected: 'a path, or "disabled"',
      }),
    ),
    client_api: Type.Optional(
      text({
        description:
          'Client API: a name that an `api` plugin offers. Default: none; with an `[api]` table, that of the default plugin.',
        expected: 'the name of a client API',
      }),
    ),
    vrouter: Type.Array(VirtualRouterSchema, {
      description: 'The virtual routers, a `[[vrouter]]` each.',
      expected: 'an array of tables: [[vrouter]]',
      default: [],
    }),
    track: Type.Optional(
      Type.Array(TrackerSchema, {
        description: 'What decides who is Master besides the protocol, a `[[track]]` each.',
        expected: 'an array of tables: [[track]]',
      }),
    ),
    sync: Type.Optional(
      Type.Array(SyncSchema, {
        description: 'Groups of virtual routers that are Master together or not at all, a `[[sync]]` each.',
        expected: 'an array of tables: [[sync]]',
      }),
    ),
    notify: Type.Optional(
      Type.Array(HookSchema, {
        description: 'Who is told what becomes of virtual routers, a `[[notify]]` each.',
        expected: 'an array of tables: [[notify]]',
      }),
    ),
    protocols: ProtocolsSchema,
    api: ApiSchema,
    plugins: PluginsSchema,
    host: Type.Optional(Hosts),
  },
  { ...closed, description: 'The configuration of rvrrpd.', expected: 'a table' },
);

/** A file that fits the schema, defaults filled in. */
export type ConfigFile = Static<typeof ConfigSchema>;
