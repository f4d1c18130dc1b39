#!/bin/sh
# Installs vouch in a dev container, for all of its users: fetches the release's own install script over https, and runs
# it. Options of the feature come as variables: VERSION, SHA256. VOUCH_DOWNLOAD_URL names a mirror.

set -eu

repository=https://github.com/example-org/vouch

version=${VERSION:-latest}
case $version in
  latest | "") url=$repository/releases/latest/download ;;
  *)
    url=$repository/releases/download/v${version#v}
    export VOUCH_VERSION="$version"
    ;;
esac
url=${VOUCH_DOWNLOAD_URL:-$url}
case $url in
  https://*) ;;
  *)
    echo "vouch: VOUCH_DOWNLOAD_URL must begin with https://, got $url." >&2
    exit 1
    ;;
esac
[ -z "${SHA256:-}" ] || export VOUCH_SHA256="$SHA256"

if ! command -v curl >/dev/null 2>&1; then
  echo "vouch: It needs curl. Add the feature ghcr.io/devcontainers/features/common-utils, or install curl in the image." >&2
  exit 1
fi
script=$(mktemp)
trap 'rm -f "$script"' EXIT
curl -fsSL --proto '=https' --proto-redir '=https' --tlsv1.2 --retry 2 -o "$script" "$url/install.sh"
VOUCH_INSTALL_DIR=${VOUCH_INSTALL_DIR:-/usr/local/bin} sh "$script"
