#!/usr/bin/env bash
# stop.sh FOLDER: ends the cluster of start.sh, with all that runs on it. The folder stays.
set -uo pipefail

folder=$1
. "$(dirname "$0")/processes.sh"

for name in slurmctld n1 n2 n3 munged; do
    pid=$(daemon $name) && kill "$pid" 2>/dev/null
done
for _ in $(seq 50); do
    left=
    for name in slurmctld n1 n2 n3 munged; do
        pid=$(daemon $name) && left="$left $pid"
    done
    [ -n "$left" ] || break
    sleep 0.1
done
[ -z "$left" ] || kill -KILL $left 2>/dev/null
# More than once: a step may have been starting another.
for _ in $(seq 30); do
    left="$(steps '') $(jobs_of '')"
    [ -n "${left// /}" ] || break
    kill -KILL $left 2>/dev/null
    sleep 0.1
done
true
