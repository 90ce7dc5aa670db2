/** The schema of the configuration: a file for each of its tables, in schema/. */
export { ApiSchema } from './schema/api.ts';
export { type ConfigFile, ConfigSchema } from './schema/file.ts';
export { asNode, type SchemaNode } from './schema/node.ts';
export { HookSchema } from './schema/notify.ts';
export { type PluginEntry, PluginsSchema } from './schema/plugins.ts';
export { ProtocolsSchema } from './schema/protocols.ts';
export { SyncSchema } from './schema/sync.ts';
export { TrackerSchema } from './schema/track.ts';
export { type VirtualRouterFile, VirtualRouterSchema } from './schema/vrouter.ts';
export type { TrackEntry } from './schema/vrouter-track.ts';
