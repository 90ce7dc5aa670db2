/** The platforms that packages have addons for. */
export const PLATFORMS = [
  // Node.js 20 itself needs glibc 2.28.
  { name: 'linux-x64-glibc', arch: 'x64', libc: 'glibc', target: 'x86_64-linux-gnu.2.28' },
  { name: 'linux-x64-musl', arch: 'x64', libc: 'musl', target: 'x86_64-linux-musl' },
  { name: 'linux-arm64-glibc', arch: 'arm64', libc: 'glibc', target: 'aarch64-linux-gnu.2.28' },
  { name: 'linux-arm64-musl', arch: 'arm64', libc: 'musl', target: 'aarch64-linux-musl' },
];
