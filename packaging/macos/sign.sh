#!/bin/sh
# Signs executables on macOS, in place: sign.sh FILE…
# With APPLE_CERTIFICATE (.p12 in base64), APPLE_CERTIFICATE_PASSWORD and APPLE_IDENTITY for distribution, and notarised
# with APPLE_API_KEY (.p8), APPLE_API_KEY_ID and APPLE_API_ISSUER; without them for nobody ("ad hoc"), as every executable
# on an Apple processor must be at least.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
entitlements=$(dirname "$0")/entitlements.plist
identity=-

if [ -n "${APPLE_CERTIFICATE:-}" ]; then
  identity=$APPLE_IDENTITY
  keychain=$work/signing.keychain-db
  password=$(openssl rand -hex 16)
  security create-keychain -p "$password" "$keychain"
  security unlock-keychain -p "$password" "$keychain"
  printf %s "$APPLE_CERTIFICATE" | openssl base64 -d -A >"$work/certificate.p12"
  security import "$work/certificate.p12" -k "$keychain" -P "$APPLE_CERTIFICATE_PASSWORD" -T /usr/bin/codesign
  security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
  security list-keychains -d user -s "$keychain" login.keychain-db
  trap 'security delete-keychain "$keychain"; rm -rf "$work"' EXIT
fi

for file in "$@"; do
  if [ "$identity" = - ]; then
    codesign --force --sign - --identifier vouch --entitlements "$entitlements" "$file"
  else
    codesign --force --sign "$identity" --identifier vouch --entitlements "$entitlements" --options runtime --timestamp "$file"
  fi
  codesign --verify --strict --verbose "$file"
done

if [ "$identity" != - ] && [ -n "${APPLE_API_KEY:-}" ]; then
  printf %s "$APPLE_API_KEY" >"$work/key.p8"
  for file in "$@"; do
    ditto -c -k "$file" "$work/vouch.zip"
    xcrun notarytool submit "$work/vouch.zip" --wait --key "$work/key.p8" --key-id "$APPLE_API_KEY_ID" --issuer "$APPLE_API_ISSUER"
  done
fi
