/** A protocol plugin for the tests: each entry is a route `{ to, length, via }`. */
import type { ProtocolPlugin } from 'rvrrpd/plugin';

const plugin: ProtocolPlugin = {
  kind: 'protocol',
  create: () => ({
    plan: (entries) =>
      entries.map(({ to, length, via }) => ({
        kind: 'route',
        family: 4,
        destination: String(to),
        prefixLength: Number(length),
        gateway: String(via),
      })),
  }),
};

export default plugin;
