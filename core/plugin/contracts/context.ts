/** What every plugin is given. */
/** Handed to a plugin's `create`. */
export interface PluginContext {
  /** The configuration value that selected it, one of its manifest's `names`. */
  readonly name: string;
  /** `[plugins]` options of this plugin, validated against the JSON Schema that it ships; `{}` if none. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Writes to the daemon's log. */
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}
