#!/bin/sh
# Copies the header of the firmware that runs to header.bin, in the folder of the path behind -h.
set -u
saved=${MOORING_BOOT_FLAGS_DIR:-/var/log/bootflags}/header
target=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --header) target=${2-}; shift ;;
    esac
    [ $# -gt 0 ] && shift
done
if [ ! -r "$saved" ]; then
    echo 'Warning: No active firmware header found!' >&2
    exit 23
fi
cp "$saved" "$(dirname "$target")/header.bin" || exit 22
