#!/bin/sh
# Servers that tests talk to, from Debian. Tests of a server that is missing are skipped and say so.
set -eu
missing=""
for server in prometheus rabbitmq-server redis-server mariadbd:mariadb-server; do
    PATH="$PATH:/usr/sbin" command -v "${server%%:*}" >/dev/null || missing="$missing ${server##*:}"
done
[ -z "$missing" ] && exit 0
root=""
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get update -qq
# the servers start with the tests and end with them
$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends $missing
