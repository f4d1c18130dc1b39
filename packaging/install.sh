#!/bin/sh
# Installs vouch for this user, without root:
#
#   curl -fsSL https://github.com/example-org/vouch/releases/latest/download/install.sh | sh
#
# It fetches the list of checksums and the archive for this system, compares, tries the executable and moves it into
# place. What it heeds, all optional:
#
#   VOUCH_INSTALL_DIR    the folder for the executable (~/.local/bin without it)
#   VOUCH_VERSION        the version (the latest without it)
#   VOUCH_TARGET         the system, as in the archive's name (found out without it)
#   VOUCH_DOWNLOAD_URL   where SHA256SUMS and the archives are, for a mirror

set -eu

repository=https://github.com/example-org/vouch

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# The system as the archives name it: linux-x64-musl-baseline, darwin-arm64.
find_target() {
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "There is no vouch for this processor ($(uname -m))." ;;
  esac
  case $(uname -s) in
    Darwin)
      # A shell that Rosetta translates says x86_64 on an Apple processor.
      [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" != 1 ] || cpu=arm64
      echo "darwin-$cpu"
      ;;
    Linux)
      libc=""
      if ldd --version 2>&1 | grep -qi musl || { ! has ldd && [ -n "$(ls /lib/ld-musl-* 2>/dev/null || true)" ]; }; then
        libc=-musl
      fi
      baseline=""
      [ $cpu != x64 ] || grep -q avx2 /proc/cpuinfo 2>/dev/null || baseline=-baseline
      echo "linux-$cpu$libc$baseline"
      ;;
    *) fail "There is no vouch for this system ($(uname -s)). On Windows, run this inside WSL 2." ;;
  esac
}

# fetch URL FILE. An https address is not left for an http one.
fetch() {
  if has curl; then
    case $1 in
      https:*) curl -fsSL --proto '=https' --retry 2 -o "$2" "$1" ;;
      *) curl -fsSL --retry 2 -o "$2" "$1" ;;
    esac
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail "It needs curl or wget."
  fi || fail "Cannot fetch $1."
}

sha256() {
  if has sha256sum; then
    sha256sum <"$1"
  elif has shasum; then
    shasum -a 256 <"$1"
  else
    openssl dgst -sha256 -r <"$1"
  fi | cut -d ' ' -f 1
}

# The line of SHA256SUMS for the target: sets expected and archive.
find_archive() {
  while read -r expected archive; do
    case $archive in
      */*) ;;
      vouch-*-"$target".tar.gz) return ;;
    esac
  done <"$work/SHA256SUMS"
  fail "$url has no vouch for $target."
}

# add FILE-OF-THE-ARCHIVE PLACE-UNDER-SHARE
add() {
  case $dir in */bin) place=${dir%/bin}/share/$2 ;; *) return 0 ;; esac
  [ ! -f "$files/$1" ] || { mkdir -p "${place%/*}" && cp "$files/$1" "$place"; } ||
    echo "Cannot write $place; vouch works without it."
}

main() {
  dir=${VOUCH_INSTALL_DIR:-${HOME:+$HOME/.local/bin}}
  [ -n "$dir" ] || fail "HOME is not set. Set VOUCH_INSTALL_DIR to the folder for the executable."
  url=$repository/releases/latest/download
  [ -z "${VOUCH_VERSION:-}" ] || url=$repository/releases/download/v${VOUCH_VERSION#v}
  url=${VOUCH_DOWNLOAD_URL:-$url}
  target=${VOUCH_TARGET:-$(find_target)}
  has sha256sum || has shasum || has openssl || fail "It needs sha256sum, shasum or openssl to verify what it fetches."

  # Beside the place where the executable goes: moving it there is one step, whole or not at all.
  mkdir -p "$dir" 2>/dev/null || fail "Cannot make $dir. Set VOUCH_INSTALL_DIR to a folder of yours."
  work=$(mktemp -d "$dir/.vouch-install.XXXXXX" 2>/dev/null) ||
    fail "Cannot write to $dir. Set VOUCH_INSTALL_DIR to a folder of yours."
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT HUP TERM
  [ ! -d "$dir/vouch" ] || fail "$dir/vouch is a folder."

  fetch "$url/SHA256SUMS" "$work/SHA256SUMS"
  find_archive
  echo "Fetching $url/$archive"
  fetch "$url/$archive" "$work/$archive"
  got=$(sha256 "$work/$archive")
  [ "$got" = "$expected" ] || fail "$archive is not what SHA256SUMS says: expected $expected, got $got. Nothing was installed."

  tar -xzf "$work/$archive" -C "$work" || fail "Cannot unpack $archive."
  files=$work/${archive%.tar.gz}
  version=$("$files/vouch" --version 2>"$work/why") || {
    sed -n 1p "$work/why" >&2
    case $target in
      *-musl*) fail "vouch does not run here. Install what it needs with \`apk add libstdc++\` and run this again." ;;
      *) fail "vouch for $target does not run here." ;;
    esac
  }
  mv -f "$files/vouch" "$dir/vouch"

  # Where man and the shells look when the folder is called bin: in the share beside it.
  add man/vouch.1 man/man1/vouch.1
  add completions/vouch.bash bash-completion/completions/vouch
  add completions/_vouch zsh/site-functions/_vouch
  add completions/vouch.fish fish/vendor_completions.d/vouch.fish

  echo "Installed $version as $dir/vouch."
  case :$PATH: in
    *:"$dir":*) ;;
    *) echo "Put it on your PATH: export PATH=\"$dir:\$PATH\"" ;;
  esac
  echo "An agent that runs already is of the version before, until \`vouch agent stop\`."
}

main "$@"
