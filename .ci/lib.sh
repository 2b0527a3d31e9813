# Helpers of the scripts in this folder; each sources this file first.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Tools that take minutes to build outlive the clone.
cache=${COUNTERSIGN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/countersign}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
mkdir -p "$cache" "$target"

# Scripts call each other, and all count from the first one's start.
export COUNTERSIGN_STARTED=${COUNTERSIGN_STARTED:-$(date +%s)}

# A stale lock file is a fault of the commit on CI, and a matter of course while developing.
locked=()
if [ -n "${CI:-}" ]; then locked=(--locked); fi

say() { printf '[%4d s] %s\n' "$(($(date +%s) - COUNTERSIGN_STARTED))" "$*"; }

die() {
  printf 'countersign: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# need COMMAND REMEDY: stop unless COMMAND is there.
need() { have "$1" || die "\`$1\` is missing: $2"; }

# step TEXT COMMAND...: say one line, then run; a failure names the step.
step() {
  local text=$1
  shift
  say "$text"
  "$@" || die "step failed: $text"
}

# in_folder FOLDER COMMAND...: run there, and stay here.
in_folder() (
  cd "$1"
  shift
  "$@"
)

# fingerprint PATH...: one hash over the names and contents of all files below, without what tools put there.
# A path that itself ends in such a folder is meant: write `dist/.`.
fingerprint() {
  find "$@" \( -name node_modules -o -name dist -o -name test-results -o -name coverage \) -prune -o \
    -type f ! -name '*.tgz' ! -name '*.tsbuildinfo' -print0 |
    LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -d ' ' -f 1
}

# unchanged NAME HASH OUTPUT...: true when NAME was last built from HASH and its outputs are still there.
unchanged() {
  local stamp=$target/stamps/$1 hash=$2 output
  shift 2
  for output in "$@"; do [ -e "$output" ] || return 1; done
  [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]
}

# stamp NAME HASH: remember what NAME was built from.
stamp() {
  mkdir -p "$target/stamps"
  printf '%s\n' "$2" >"$target/stamps/$1"
}

# apt_get ARGUMENT...: as root or with sudo, asking nothing; what it prints goes to the log.
apt_log=$cache/apt.log
apt_get() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=600 "$@" </dev/null >>"$apt_log" 2>&1
}

# apt_update: once in a script; the lists of a fresh machine are empty.
apt_update() {
  if [ -n "${apt_updated:-}" ]; then return; fi
  # An unreachable list is not fatal: the packages may be in another one.
  apt_get update || say "apt-get update reported a fault: see $apt_log"
  apt_updated=1
}

# apt_install PACKAGE...: Debian and Ubuntu only.
apt_install() {
  have apt-get || die "install these with your system's package manager, then try again: $*"
  [ "$(id -u)" -eq 0 ] || have sudo || die "packages are missing; as root run: apt-get install $*"
  say "installing by apt-get: $*"
  apt_update
  apt_get install -y --no-install-recommends "$@" && return
  tail -n 5 "$apt_log" >&2
  return 1
}

# apt_offers PACKAGE VERSION_MIN: true when the package lists name PACKAGE in that version or a later one.
apt_offers() {
  have apt-cache || return 1
  local candidate
  candidate=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [ -n "$candidate" ] && [ "$candidate" != "(none)" ] && dpkg --compare-versions "$candidate" ge "$2"
}

# A login shell adds rustup's folder to PATH; make and CI may start without one.
if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then export PATH="$HOME/.cargo/bin:$PATH"; fi
