#!/bin/sh
# Installs vouch in a dev container, for all of its users, by the install script beside this one: a script that was
# fetched could pass over the SHA-256 that is given here. Options of the feature come as variables: VERSION, SHA256.
# VOUCH_DOWNLOAD_URL names a mirror.

set -eu

version=${VERSION:-latest}
[ "$version" = latest ] || export VOUCH_VERSION="$version"
[ -z "${SHA256:-}" ] || export VOUCH_SHA256="$SHA256"

if ! command -v curl >/dev/null 2>&1; then
  echo "vouch: It needs curl. Add the feature ghcr.io/devcontainers/features/common-utils, or install curl in the image." >&2
  exit 1
fi
VOUCH_INSTALL_DIR=${VOUCH_INSTALL_DIR:-/usr/local/bin} sh "$(dirname "$0")/install-vouch.sh"
