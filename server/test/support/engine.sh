#!/bin/bash
# Starts a Docker engine of its own below a folder and waits until it answers: for machines that have the programs and no engine.
#
#   bash server/test/support/engine.sh FOLDER     # as root; FOLDER/docker.sock is its socket, FOLDER/dockerd.pid its process
#
# Images and layers stay in the folder, so that the next run finds them. Whoever started it ends it: kill "$(cat FOLDER/dockerd.pid)".
set -euo pipefail
folder=${1:?the folder of the engine}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
socket="unix://$folder/docker.sock"
docker -H "$socket" info >/dev/null 2>&1 && exit 0

# What an engine that was killed leaves behind.
rm -f "$folder/dockerd.pid" "$folder/docker.sock"
nohup dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" -H "$socket" \
  --oom-score-adjust 0 --default-ulimit nofile=16384:16384 >"$folder/dockerd.log" 2>&1 </dev/null &
engine=$!
for _ in $(seq 120); do
  docker -H "$socket" info >/dev/null 2>&1 && exit 0
  kill -0 "$engine" 2>/dev/null || break
  sleep 0.5
done
tail -n 20 "$folder/dockerd.log" >&2
exit 1
