#!/usr/bin/env bash
# fault.sh FOLDER ACTION [NODE]: what goes wrong on clusters, on the one of start.sh.
#
#   kill-daemon NODE    the node's daemon dies, and its tasks run on: Slurm will start them once more elsewhere
#   cut-power NODE      the node's daemon and its tasks die
#   start-node NODE
#   kill-controller     the controller dies, and forgets the last seconds
#   start-controller
set -uo pipefail

folder=$1
action=$2
node=${3:-}
. "$(dirname "$0")/processes.sh"

start() { # NAME PROGRAM ARGS...
    local name=$1
    shift
    daemon "$name" >/dev/null && return
    setsid "$@" </dev/null >>"$folder/log/$name.out" 2>&1 &
    echo $! > "$folder/pid/$name"
}

case $action in
    kill-daemon) kill -KILL "$(daemon "$node")" ;;
    cut-power)
        kill -KILL "$(daemon "$node")"
        kill -KILL $(steps "$node") $(jobs_of "$node") 2>/dev/null
        true
        ;;
    start-node) start "$node" slurmd -D -N "$node" ;;
    kill-controller) kill -KILL "$(daemon slurmctld)" ;;
    start-controller) start slurmctld slurmctld -D ;;
    *) sed -n 2,10p "$0"; exit 2 ;;
esac
