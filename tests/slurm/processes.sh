# Which processes belong to the cluster in $folder; read by the other scripts.

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
export SLURM_CONF=$folder/slurm.conf

# The process id of a daemon, by the name of its file; fails where it is gone, or the id is another program's by now.
daemon() {
    local pid program
    pid=$(cat "$folder/pid/$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    program=$(cat "/proc/$pid/comm" 2>/dev/null) || return 1
    case $program in munged | slurmctld | slurmd) echo "$pid" ;; *) return 1 ;; esac
}

# The steps of a node, or of all. They overwrite their environment, but hold on to their node's log.
steps() {
    local process
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ] || continue
        ls -l "$process/fd" 2>/dev/null | grep -qE -- "-> $folder/log/${1:-n[0-9]}\$" && echo "${process#/proc/}"
    done
    true
}

# The processes of the tasks of a node, or of all, by their environment.
jobs_of() {
    local process environment
    for process in /proc/[0-9]*; do
        environment=$({ tr '\0' '\n' < "$process/environ"; } 2>/dev/null) || continue
        grep -qxF "SLURM_CONF=$SLURM_CONF" <<< "$environment" || continue
        grep -q '^SLURM_TASK_PID=' <<< "$environment" || continue
        [ -z "$1" ] || grep -qxF "SLURMD_NODENAME=$1" <<< "$environment" || continue
        echo "${process#/proc/}"
    done
    true
}
