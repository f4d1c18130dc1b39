#!/bin/sh
# Makes what the image holds: the executable, the C library that it needs, certificate authorities, an empty folder for
# the data. No shell, no package manager, no other program.
#
#   sh packaging/container/root.sh dist/vouch CONTEXT
set -eu
vouch=$1
context=$2
umask 022
mkdir -p "$context/files/usr/bin" "$context/files/etc/ssl/certs" "$context/files/proc" "$context/files/var/lib" "$context/state"
install -m 755 "$vouch" "$context/files/usr/bin/vouch"
for library in $(ldd "$vouch" | sed -n 's/^.*[[:space:]]\(\/[^ ]*\) (0x.*$/\1/p'); do
  mkdir -p "$context/files$(dirname "$library")"
  cp -L "$library" "$context/files$library"
done
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -f "$authorities" ]; then cp -L "$authorities" "$context/files$authorities"; fi
printf 'vouch:x:65532:65532::/var/lib/vouch-server:/nonexistent\n' >"$context/files/etc/passwd"
printf 'vouch:x:65532:\n' >"$context/files/etc/group"
chmod 700 "$context/state"
