# npm packages of this repository: sourced after lib.sh.
# shellcheck shell=bash

# npm_install FOLDER: install what the lock file names, unless that was done since the lock file last changed.
npm_install() {
  [ -f "$1/package-lock.json" ] || die "$1/package-lock.json is missing: run npm install in $1 and commit it"
  local installed=$1/node_modules/.package-lock.json
  if [ -f "$installed" ] && ! [ "$1/package-lock.json" -nt "$installed" ]; then return; fi
  step "npm packages of $1" in_folder "$1" npm ci --no-audit --no-fund --loglevel=error
}

# npm_build FOLDER HASH OUTPUT: `npm run build`, unless OUTPUT was built from the same sources.
npm_build() {
  if unchanged "$1" "$2" "$3"; then
    say "$1: unchanged"
    return
  fi
  step "building $1" in_folder "$1" npm run --silent build
  [ -e "$3" ] || die "\`npm run build\` in $1 left no $3"
  stamp "$1" "$2"
}
