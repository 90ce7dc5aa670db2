#!/bin/sh
# Everything that the demo, the tests and the benchmarks need, on a Debian machine that has Node.js and npm:
# Debian packages, npm packages, the build. Does only what is missing; the second time it takes a moment.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v node >/dev/null || fail 'Node.js is missing: install version 20.19 or newer (https://nodejs.org)'
command -v npm >/dev/null || fail 'npm is missing: it comes with Node.js, or in the Debian package npm'

# Debian packages ---------------------------------------------------------------------------------------------

PATH="$PATH:/usr/sbin:/sbin"
missing=''
need_command() { command -v "$1" >/dev/null || missing="$missing $2"; }
need_command ip iproute2
need_command ping iputils-ping
need_command tcpdump tcpdump
need_command tshark tshark
need_command keepalived keepalived
[ -x /usr/lib/frr/vrrpd ] || missing="$missing frr"
need_command sysctl procps
need_command script bsdutils
need_command setpriv util-linux
need_command curl curl
need_command openssl openssl
need_command dpkg-deb dpkg
need_command lintian lintian
need_command man man-db
need_command systemd-analyze systemd # the program alone: it takes over no machine
need_command make make
need_command g++ g++
need_command python3 python3
need_command pkg-config pkg-config
command -v pkg-config >/dev/null && pkg-config --exists libnl-3.0 || missing="$missing libnl-3-dev"
command -v pkg-config >/dev/null && pkg-config --exists libnl-route-3.0 || missing="$missing libnl-route-3-dev"
# `setup.sh cross`: what `make cross` and `make cross-test` need beside that.
if [ "${1:-}" = cross ]; then
  need_command qemu-aarch64 qemu-user
  python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
fi

if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || fail "missing:$missing (Debian package names)"
  [ "$(id -u)" = 0 ] || fail "missing:$missing; run as root to install them, or: apt-get install$missing"
  say "installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  case "$missing" in
    *tshark*) # It asks whether everybody may capture: no.
      echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections ;;
  esac
  # keepalived and FRR are wanted as programs to test against. Their services must not start on this machine, neither
  # now (policy-rc.d, see invoke-rc.d(8)) nor at the next boot.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    policy_is_ours=yes
  fi
  apt-get update -q=2
  # shellcheck disable=SC2086 # a list of words
  apt-get install -y -q=2 --no-install-recommends $missing >/dev/null
  if [ "${policy_is_ours:-}" = yes ]; then
    rm -f /usr/sbin/policy-rc.d
    trap - EXIT
  fi
  for service in keepalived frr; do
    case "$missing" in
      *"$service"*)
        if command -v systemctl >/dev/null; then systemctl disable "$service" >/dev/null 2>&1 || true; fi ;;
    esac
  done
fi

# Wanted, but not needed: what tries the completion for zsh, or looks through shell scripts, is left out without them.
for program in zsh shellcheck; do
  if ! command -v "$program" >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing $program"
    apt-get install -y -q=2 --no-install-recommends "$program" >/dev/null 2>&1 ||
      say "$program cannot be had: what needs it is not tried"
  fi
done

# npm packages ------------------------------------------------------------------------------------------------

# npm writes this file at the end of an installation.
installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
  say 'installing npm packages'
  # Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which npm leaves out
  # where a registry does not have them. Not with scripts: no package needs one, and the build is ours.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
  touch "$installed"
fi

# Build -------------------------------------------------------------------------------------------------------

stamp=dist/.built
sources='core plugins scripts package.json package-lock.json binding.gyp tsconfig.json'
# Folders count too: their time changes when a file in them is removed.
# shellcheck disable=SC2086 # a list of words
if [ ! -e "$stamp" ] || [ -n "$(find $sources \
  \( -name node_modules -o -name build -o -name dist -o -name prebuilds -o -name test \) -prune \
  -o -newer "$stamp" ! -name '*.test.ts' -print -quit)" ]; then
  say 'building'
  npm run --silent build
  touch "$stamp"
fi
