#!/bin/sh
# Installs Debian packages that a machine lacks, or says which they are.
set -eu
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  exit 0
fi
echo "This needs what Debian calls $*: install that and try again." >&2
exit 1
