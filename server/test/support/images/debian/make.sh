#!/bin/bash
# A stand-in for debian:bookworm-slim: the smallest Debian that debootstrap makes, with this machine's certificates, so that what
# is installed in it trusts whom this machine trusts.
#
#   bash make.sh DOCKER FOLDER IMAGE
set -euo pipefail
docker=$1 folder=$2 image=$3
# Where this machine has its own packages from.
mirror=$(grep -hoE '^(URIs:|deb ).*https?://[^ ]+' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | grep -oE 'https?://.*' | head -n 1 || true)
rm -rf "$folder/rootfs"
mkdir -p "$folder"
debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/rootfs" ${mirror:+"$mirror"} >"$folder/debootstrap.log" ||
  { tail -n 20 "$folder/debootstrap.log" >&2; exit 1; }
[ -e /etc/ssl/certs/ca-certificates.crt ] && cp /etc/ssl/certs/ca-certificates.crt "$folder/rootfs/etc/ssl/certs/"
rm -rf "$folder"/rootfs/var/lib/apt/lists/* "$folder"/rootfs/var/cache/apt/*.bin "$folder"/rootfs/var/cache/apt/archives/*.deb
tar -C "$folder/rootfs" --numeric-owner -c . | "$docker" import --change 'CMD ["bash"]' - "$image" >/dev/null
rm -rf "$folder/rootfs"
