#!/bin/sh
# Installs a payload for a client that calls MBL's script: -h|--header FILE -f|--firmware FILE, further options are ignored.
set -u
header=
firmware=
while [ $# -gt 0 ]; do
    case $1 in
        -h | --header) header=${2-}; shift ;;
        -f | --firmware) firmware=${2-}; shift ;;
        -l | --location | -o | --offset | -s | --size) shift ;;
    esac
    [ $# -gt 0 ] && shift
done
exec >>/var/log/arm_update_activate.log 2>&1
exec /opt/arm/mbl-firmware-update-manager activate --header "$header" --firmware "$firmware"
