/**
 * The native parts: where each part's sources are, the folder that its `prebuilds/` goes into (`node-gyp-build` looks
 * there, and takes one addon per folder), and the shared libraries that it needs beside Node.js, by link name.
 */
export const PARTS = {
  core: { sources: 'core/native', out: 'core/native', libraries: [] },
  hmac: { sources: 'plugins/auth-hmac/native', out: 'plugins/auth-hmac', libraries: [] },
  ioctl: { sources: 'plugins/netdrv-ioctl/native', out: 'plugins/netdrv-ioctl', libraries: [] },
  libnl: {
    sources: 'plugins/netdrv-libnl/native',
    out: 'plugins/netdrv-libnl',
    libraries: ['nl-3', 'nl-route-3'],
  },
  track: { sources: 'plugins/track-system/native', out: 'plugins/track-system', libraries: [] },
};
