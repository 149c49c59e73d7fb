#!/bin/sh
# Runs nginx before the nodes that can work. By itself nginx asks for names only when it starts, does not start where one is missing, and
# tells one that hangs from one that is slow only when users have waited. So each node is asked here, every second or two, for its
# address and whether it is ready, and nginx is told when that has changed. Usage: proxy.sh node...
set -u
port=${PORT:-8700}

address() { getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }'; }

is_ready() {
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"
    printf "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" >&3
    read -r _ status _ <&3
    [ "$status" = 200 ]' "$1" "$port" 2>/dev/null
}

# Those that are ready; where none is, all that are there, so that it is they who say why.
find_nodes() {
  ready='' there=''
  for node in "$@"; do
    at=$(address "$node")
    if [ -z "$at" ]; then continue; fi
    there="$there $at"
    if is_ready "$at"; then ready="$ready $at"; fi
  done
  nodes=${ready:-$there}
}

servers() {
  for at in $nodes; do echo "  server $at:$port max_fails=0;"; done
  # Nobody listens there: an upstream must have somebody.
  if [ -z "$nodes" ]; then echo "  server 127.0.0.1:9;"; fi
}

describe() {
  cat <<CONF
upstream nodes {
  hash "\$remote_addr\$http_x_forwarded_for\$http_authorization\$http_cookie" consistent;
$(servers)
  # Less than the 65 s for which a node keeps a connection.
  keepalive 64;
  keepalive_timeout 30s;
}
upstream live {
$(servers)
}
CONF
}

find_nodes "$@"
describe > /tmp/nodes.conf
while sleep 1; do
  find_nodes "$@"
  describe > /tmp/nodes.next
  if cmp -s /tmp/nodes.next /tmp/nodes.conf; then continue; fi
  cp /tmp/nodes.conf /tmp/nodes.last
  mv /tmp/nodes.next /tmp/nodes.conf
  # What nginx was not told is told a second later.
  nginx -c /docker/nginx.conf -s reload || mv /tmp/nodes.last /tmp/nodes.conf
done &
exec nginx -c /docker/nginx.conf -g 'daemon off;'
