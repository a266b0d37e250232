#!/bin/sh
# Servers that tests talk to, from Debian. Tests of a server that is missing are skipped and say so.
set -eu
servers="prometheus"
missing=""
for server in $servers; do
    command -v "$server" >/dev/null || missing="$missing $server"
done
[ -z "$missing" ] && exit 0
root=""
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get update -qq
$root apt-get install -qq -y --no-install-recommends $missing
