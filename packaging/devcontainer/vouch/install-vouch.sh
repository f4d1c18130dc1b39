#!/bin/sh
# Installs vouch for this user, without root:
#
#   curl -fsSL https://github.com/example-org/vouch/releases/latest/download/install.sh | sh
#
# It fetches the list of checksums and the archive for this system, over https alone, compares, verifies who built the
# archive where gh or cosign can, tries the executable and moves it into place. What it heeds, all optional:
#
#   VOUCH_INSTALL_DIR    the folder for the executable (~/.local/bin without it)
#   VOUCH_VERSION        the version (the latest without it)
#   VOUCH_SHA256         the SHA-256 of the archive of that version for this system, from a place that you trust
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

# fetch URL FILE, over https alone, wherever it is led.
fetch() {
  if has curl; then
    curl -fsSL --proto '=https' --proto-redir '=https' --tlsv1.2 --retry 2 -o "$2" "$1"
  elif wget --version 2>/dev/null | grep -q "GNU Wget"; then
    fetch_with_wget "$1" "$2"
  elif has wget && [ -n "$pin" ]; then
    # BusyBox: it does not verify who answers; what arrives is compared with the hash that was given.
    wget -q -O "$2" "$1"
  elif has wget; then
    fail "This wget does not verify who answers. Install curl, or set VOUCH_VERSION and VOUCH_SHA256."
  else
    fail "It needs curl or wget."
  fi || fail "Cannot fetch $1."
}

# wget follows a redirect to http: each is looked at before it is taken.
fetch_with_wget() {
  address=$1
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    ! LC_ALL=C wget -S -nv --max-redirect=0 -O "$2" "$address" 2>"$work/answer" || return 0
    address=$(sed -n 's/^ *[Ll]ocation: *\([^ ]*\).*$/\1/p' "$work/answer" | sed -n '$p')
    case $address in
      https://*) ;;
      "") return 1 ;;
      *) fail "$1 leads to $address, which is not https." ;;
    esac
  done
  return 1
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

# Who built the archive: the release workflow of the repository, by the attestation that GitHub keeps, or not known.
verify_origin() {
  if has gh && gh auth status >/dev/null 2>&1; then
    gh attestation verify "$work/$archive" --repo "${repository#https://github.com/}" >"$work/why" 2>&1 || refuse_origin gh
    echo "Verified with gh: the release workflow of $repository built it."
  elif has cosign; then
    fetch "$url/provenance.sigstore.json" "$work/provenance"
    cosign verify-blob-attestation --bundle "$work/provenance" --new-bundle-format --type slsaprovenance1 \
      --certificate-oidc-issuer https://token.actions.githubusercontent.com \
      --certificate-identity-regexp "^$repository/\.github/workflows/release\.yml@refs/tags/" \
      "$work/$archive" >"$work/why" 2>&1 || refuse_origin cosign
    echo "Verified with cosign: the release workflow of $repository built it."
  elif [ -n "$pin" ]; then
    echo "Verified: its SHA-256 is the one in VOUCH_SHA256."
  else
    echo "Not verified: who built it. Its SHA-256 is compared with a list from the same place. With gh (logged in) or cosign"
    echo "on PATH the attestation is verified; VOUCH_VERSION and VOUCH_SHA256 name an archive that you trust already."
  fi
}

refuse_origin() {
  sed -n 1,5p "$work/why" >&2
  fail "$archive is not verified by $1. Nothing was installed."
}

# add FILE-OF-THE-ARCHIVE PLACE-UNDER-SHARE
add() {
  case $dir in */bin) place=${dir%/bin}/share/$2 ;; *) return 0 ;; esac
  [ ! -f "$files/$1" ] || { mkdir -p "${place%/*}" && cp "$files/$1" "$place"; } ||
    echo "Cannot write $place; vouch works without it."
}

# Removes what killed runs of this script have left in $dir: folders of this user whose process is gone, or a day old.
# One without an id in its name goes after a day.
remove_abandoned() {
  for left in "$dir"/.vouch-install.*; do
    if [ ! -d "$left" ] || [ -L "$left" ] || [ ! -O "$left" ]; then continue; fi
    pid=${left##*/.vouch-install.}
    pid=${pid%.??????}
    case $pid in
      "" | *[!0-9]*) pid=$$ ;;
    esac
    if ! kill -0 "$pid" 2>/dev/null || [ -n "$(find "$left" -prune -mtime +0 2>/dev/null || true)" ]; then
      rm -rf "$left"
    fi
  done
}

main() {
  dir=${VOUCH_INSTALL_DIR:-${HOME:+$HOME/.local/bin}}
  [ -n "$dir" ] || fail "HOME is not set. Set VOUCH_INSTALL_DIR to the folder for the executable."
  url=$repository/releases/latest/download
  [ -z "${VOUCH_VERSION:-}" ] || url=$repository/releases/download/v${VOUCH_VERSION#v}
  url=${VOUCH_DOWNLOAD_URL:-$url}
  case $url in https://*) ;; *) fail "VOUCH_DOWNLOAD_URL must begin with https://, got $url." ;; esac
  pin=${VOUCH_SHA256:-}
  [ -z "$pin" ] || [ -n "${VOUCH_VERSION:-}" ] || fail "VOUCH_SHA256 is of one version: set VOUCH_VERSION too."
  target=${VOUCH_TARGET:-$(find_target)}
  has sha256sum || has shasum || has openssl || fail "It needs sha256sum, shasum or openssl to verify what it fetches."

  # Beside the place where the executable goes: moving it there is one step, whole or not at all.
  mkdir -p "$dir" 2>/dev/null || fail "Cannot make $dir. Set VOUCH_INSTALL_DIR to a folder of yours."
  remove_abandoned
  work=$(mktemp -d "$dir/.vouch-install.$$.XXXXXX" 2>/dev/null) ||
    fail "Cannot write to $dir. Set VOUCH_INSTALL_DIR to a folder of yours."
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT HUP TERM
  [ ! -d "$dir/vouch" ] || fail "$dir/vouch is a folder."

  if [ -n "$pin" ]; then
    expected=$pin
    archive=vouch-${VOUCH_VERSION#v}-$target.tar.gz
    list=VOUCH_SHA256
  else
    fetch "$url/SHA256SUMS" "$work/SHA256SUMS"
    find_archive
    list=SHA256SUMS
  fi
  echo "Fetching $url/$archive"
  fetch "$url/$archive" "$work/$archive"
  got=$(sha256 "$work/$archive")
  [ "$got" = "$expected" ] || fail "$archive is not what $list says: expected $expected, got $got. Nothing was installed."
  verify_origin

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
