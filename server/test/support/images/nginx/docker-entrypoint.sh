#!/bin/sh
# Before nginx starts: the scripts of /docker-entrypoint.d, and templates become settings, in which only what is in the environment is filled in.
set -e
if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  for script in /docker-entrypoint.d/*.sh; do
    if [ -x "$script" ]; then "$script"; fi
  done
  names=$(env | cut -d= -f1 | sed 's/.*/${&}/' | tr '\n' ' ')
  for template in /etc/nginx/templates/*.template; do
    if [ ! -e "$template" ]; then continue; fi
    if [ ! -w /etc/nginx/conf.d ]; then
      echo "$0: /etc/nginx/conf.d is not writable" >&2
      break
    fi
    envsubst "$names" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
  done
fi
exec "$@"
