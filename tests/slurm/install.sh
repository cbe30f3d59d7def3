#!/usr/bin/env bash
# Installs a real Slurm for the tests on Debian or Ubuntu, as root; starts nothing. Returns at once where it is there.
set -euo pipefail

missing=()
for package in slurmctld slurmd slurm-client munge; do
    status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "not root, so ${missing[*]} cannot be installed" >&2
    exit 1
fi
# Packages of services start them on installation, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
    trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet >/dev/null
apt-get install --yes --quiet --no-install-recommends "${missing[@]}" </dev/null >/dev/null
