#!/usr/bin/env bash
# start.sh FOLDER PORT: a Slurm cluster of three pretended nodes, n1 to n3, on this machine's loopback addresses.
#
# Everything it has is in FOLDER, which must not be there yet and whose parents only root or their owner may change (as in
# /tmp); nothing in /etc is read. The controller listens on PORT, the nodes on the three ports after it.
# Afterwards `. FOLDER/env` makes sbatch and its kin speak to it.
set -euo pipefail

folder=$1
port=$2
here=$(cd "$(dirname "$0")" && pwd)
nodes="n1 n2 n3"
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
export SLURM_CONF=$folder/slurm.conf

[ "$(id -u)" = 0 ] || { echo "a cluster can only be started by root" >&2; exit 1; }
for program in munged slurmctld slurmd sbatch; do
    command -v $program >/dev/null || { echo "there is no $program: run install.sh" >&2; exit 1; }
done
# The daemons listen where the host's name leads to, which therefore must be a loopback address.
address=$(getent ahostsv4 "$(hostname)" | awk 'NR == 1 { print $1 }' || true)
if [ -z "$address" ]; then
    echo "127.0.0.1 $(hostname)" >> /etc/hosts
    address=127.0.0.1
fi
case $address in
    127.*) ;;
    *) echo "the name of this host leads to $address, which is no loopback address" >&2; exit 1 ;;
esac

mkdir "$folder" "$folder/munge" "$folder/pid" "$folder/log" "$folder/state" "$folder/spool"
chmod 755 "$folder" "$folder/munge" "$folder/spool"
trap '"$here/stop.sh" "$folder"' ERR

(umask 077 && head -c 128 /dev/urandom > "$folder/munge/key")
munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/pid/munged" \
    --log-file="$folder/log/munged" --seed-file="$folder/munge/seed" --num-threads=2

# A second credential lifetime would make requeued tasks wait for two minutes. Small arrays, so that sweeps need several.
cat > "$SLURM_CONF" <<CONF
ClusterName=unravel
SlurmctldHost=$(hostname -s)($address)
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/pid/own.slurmctld
SlurmdPidFile=$folder/pid/own.%n
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MaxArraySize=3
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=4
MessageTimeout=5
KillWait=3
JobRequeue=1
CONF
n=0
for node in $nodes; do
    n=$((n + 1))
    echo "NodeName=$node NodeHostname=$(hostname -s) NodeAddr=$address Port=$((port + n)) CPUs=2 State=UNKNOWN"
done >> "$SLURM_CONF"
cat >> "$SLURM_CONF" <<CONF
PartitionName=usual Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=5 PreemptMode=OFF
PartitionName=requeued Nodes=ALL MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE
PartitionName=cancelled Nodes=ALL MaxTime=INFINITE PriorityTier=1 PreemptMode=CANCEL
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=9 PreemptMode=OFF
CONF
echo "CgroupPlugin=cgroup/v1" > "$folder/cgroup.conf"
echo "export SLURM_CONF=$SLURM_CONF" > "$folder/env"

"$here/fault.sh" "$folder" start-controller
for node in $nodes; do
    "$here/fault.sh" "$folder" start-node $node
done
for _ in $(seq 150); do
    up=$(timeout 5 sinfo --noheader --partition=usual --Node --format '%N %t' 2>/dev/null | grep -c ' idle$' || true)
    [ "$up" = 3 ] && exit 0
    sleep 0.2
done
echo "the cluster did not come up within 30 s:" >&2
tail -n 20 "$folder"/log/* >&2
false
