#!/bin/sh
# Runs nginx before the nodes that are there. By itself nginx asks for names only when it starts, and does not start where one is
# missing; so the nodes' addresses are asked for here, again and again, and nginx is told when they have changed.
# Usage: proxy.sh node...
set -u
port=${PORT:-8700}

# None is ever taken for dead: one that cannot be reached is passed over each time, and what is slow or wrong with a single request
# takes no node away from the others.
servers() {
  for address in $addresses; do echo "  server $address:$port max_fails=0;"; done
  # Nobody listens there: an upstream must have somebody.
  [ -n "$addresses" ] || echo "  server 127.0.0.1:9;"
}

look() {
  addresses=$(for node in "$@"; do getent ahostsv4 "$node" | awk 'NR == 1 { print $1 }'; done)
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

look "$@" > /tmp/nodes.conf
while sleep 1; do
  look "$@" > /tmp/nodes.next
  # Where nobody is found, it may be the names that are: those who were there are asked on.
  if grep -q '127.0.0.1:9;' /tmp/nodes.next || cmp -s /tmp/nodes.next /tmp/nodes.conf; then continue; fi
  cp /tmp/nodes.conf /tmp/nodes.last
  mv /tmp/nodes.next /tmp/nodes.conf
  # What nginx was not told is told a second later.
  nginx -c /docker/nginx.conf -s reload || mv /tmp/nodes.last /tmp/nodes.conf
done &
exec nginx -c /docker/nginx.conf -g 'daemon off;'
