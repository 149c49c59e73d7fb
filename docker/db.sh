#!/bin/sh
# Starts Postgres, by the image's own means. Usage: db.sh postgres [option...]
#
# Worry: a first start that is cut off leaves a database that is half made, which the image takes for a whole one ever after.
# Decision: it is made in a folder beside its own and gets that one's name when it is whole; what was cut off is begun anew.
# Where there is a database already, this one or one of another version, nothing of that is done.
set -eu
home=/var/lib/postgresql

made() {
  for version in "$home" "$home/data" "$home"/*/docker; do
    if [ -s "$version/PG_VERSION" ]; then return 0; fi
  done
  return 1
}

if ! made; then
  if [ -d "$PGDATA" ] && [ -n "$(ls -A "$PGDATA")" ]; then
    echo "$PGDATA holds something, and it is no database: look what it is, and take it away or put it right" >&2
    exit 1
  fi
  part="$PGDATA.part"
  rm -rf "$part"
  PGDATA="$part" docker-ensure-initdb.sh "$@"
  if [ -d "$PGDATA" ]; then rmdir "$PGDATA"; fi
  mv "$part" "$PGDATA"
  sync
fi
exec docker-entrypoint.sh "$@"
