# How wasm is built on this machine: sourced after lib.sh.
# shellcheck shell=bash

wasm_target=wasm32-unknown-unknown

# The one place that says which wasm-bindgen is meant; the crate and its command-line tool must agree to the digit.
wasm_bindgen_version() {
  local pinned locked_version
  pinned=$(sed -n -E 's/^wasm-bindgen = .*"=([0-9.]+)".*/\1/p' Cargo.toml)
  [ -n "$pinned" ] || die "Cargo.toml must pin wasm-bindgen exactly, as in version = \"=0.2.1\""
  locked_version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print }' Cargo.lock 2>/dev/null || true)
  if [ -n "$locked_version" ] && [ "$locked_version" != "$pinned" ]; then
    die "wasm-bindgen is pinned to $pinned in Cargo.toml but locked to $locked_version: run cargo update -p wasm-bindgen --precise $pinned"
  fi
  printf '%s\n' "$pinned"
}

# The folder of wasm-bindgen's command-line tools, in the cache.
# shellcheck disable=SC2154 # cache is lib.sh's
wasm_bindgen_bin() {
  local version
  version=$(wasm_bindgen_version) || return
  printf '%s/wasm-bindgen-%s/bin\n' "$cache" "$version"
}

# Debian's linker carries its LLVM's version in its name; the newest one serves.
wasm_linker() { find /usr/bin -name 'wasm-ld-[0-9]*' 2>/dev/null | sort -V | tail -n 1; }

# The oldest Rust that this package builds with.
rust_min() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }

std_of_target() { [ -d "$(rustc --print target-libdir --target "$wasm_target" 2>/dev/null)" ]; }

std_of_debian() {
  [ -x /usr/bin/cargo ] && [ -x /usr/bin/rustc ] && [ -n "$(wasm_linker)" ] &&
    printf '%s\n%s\n' "$(rust_min)" "$(/usr/bin/rustc --version | cut -d ' ' -f 2)" | sort -V -C &&
    [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]
}

# wasm_std: `target` (the toolchain brings std), `debian` (std is built from Debian's source) or nothing.
# COUNTERSIGN_WASM_STD=debian asks for the second where both would do.
wasm_std() {
  if [ "${COUNTERSIGN_WASM_STD:-target}" = target ] && std_of_target; then
    echo target
  elif std_of_debian; then
    echo debian
  fi
}
