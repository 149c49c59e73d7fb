#!/bin/sh
# Runs nginx before the nodes that are there. By itself nginx asks for names only when it starts, and does not start where one is
# missing; so the nodes' addresses are asked for here, again and again, and nginx is told when they have changed.
# Usage: proxy.sh node...
set -u
port=${PORT:-8700}

servers() { # options
  for address in $addresses; do echo "  server $address:$port $1;"; done
  # Nobody listens there: an upstream must have somebody.
  [ -n "$addresses" ] || echo "  server 127.0.0.1:9;"
}

look() {
  addresses=$(for node in "$@"; do getent ahostsv4 "$node" | awk 'NR == 1 { print $1 }'; done)
  cat <<CONF
upstream nodes {
  hash "\$remote_addr\$http_x_forwarded_for\$http_authorization\$http_cookie" consistent;
$(servers 'max_fails=1 fail_timeout=1s')
}
upstream live {
$(servers 'max_fails=0')
}
CONF
}

look "$@" > /tmp/nodes.conf
while sleep 1; do
  look "$@" > /tmp/nodes.next
  if ! cmp -s /tmp/nodes.next /tmp/nodes.conf; then
    cp /tmp/nodes.next /tmp/nodes.conf
    nginx -c /docker/nginx.conf -s reload
  fi
done &
exec nginx -c /docker/nginx.conf -g 'daemon off;'
