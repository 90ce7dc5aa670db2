#!/bin/sh
# Tests with another Node.js: `test-node.sh VERSION [unit|system]`, VERSION being a major version or an exact one. Its
# binary comes from the npm package that has it for this platform. All unit tests, then a short run of real daemons.
set -eu
cd "$(dirname "$0")/.."
version=${1:-}
what=${2:-all}
case "$version" in
  '' | *[!0-9.]*) echo 'usage: test-node.sh VERSION [unit|system], such as 22' >&2; exit 2 ;;
esac

tool="out/tools/node-$version"
if [ ! -x "$tool/bin/node" ]; then
  package="node-linux-$(node -p process.arch)"
  echo "fetching $package@$version"
  mkdir -p "$tool"
  # The package of a version is immutable, the newest one of a major is not: `rm -r out/tools` fetches it anew.
  archive=$(npm pack --silent --pack-destination "$tool" "$package@$version" | tail -n 1)
  tar -xzf "$tool/$archive" -C "$tool" --strip-components=1
  rm "$tool/$archive"
fi
PATH="$PWD/$tool/bin:$PATH"
export PATH
printf 'Node.js %s\n' "$(node --version)"
vitest='node node_modules/vitest/vitest.mjs run'
# shellcheck disable=SC2086 # words
case "$what" in
  unit) $vitest --project unit ;;
  system) $vitest --project system test/short.system.test.ts ;;
  all)
    $vitest --project unit
    $vitest --project system test/short.system.test.ts ;;
  *) echo "test-node.sh: $what: must be unit or system" >&2; exit 2 ;;
esac
