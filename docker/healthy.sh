#!/bin/bash
# Exits with 0 where GET /health/ready answers 200. By bash alone, since it is asked every few seconds. Usage: healthy.sh [port]
exec 3<>"/dev/tcp/127.0.0.1/${1:-${PORT:-8700}}" || exit 1
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r _ status _ <&3
[ "$status" = 200 ]
