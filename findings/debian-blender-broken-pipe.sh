#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Python in Debian 13's Blender does not ignore SIGPIPE, so there is no BrokenPipeError, and a lost reader ends Blender.
#
# Python ignores this signal when it starts, so that writing to a pipe or connection whose other end is gone raises
# BrokenPipeError, which libraries catch: HTTP clients connect again, subprocess tells what the child said. Blender
# starts Python inside itself without Python's own signal handling, and in 4.3.2 leaves the signal as the system has it,
# whose default is to end the process. An add-on that is right in every other Python then takes unsaved work with it,
# without a message or a crash report. 5.2.2 of Debian sid ignores the signal (seen, but not run here: that suite
# moves). An add-on may set signal.signal(signal.SIGPIPE, signal.SIG_IGN) itself, on the main thread. Here the setting
# is only read.
#
# Versions: blender 4.3.2+dfsg-2 and python3 3.13 of Debian 13 (trixie), Linux, as root: both are put into a folder by
# debootstrap, which takes some minutes and 1.5 GB.
#
# Seen (signal.getsignal(signal.SIGPIPE)):
#     python3: SIG_IGN
#     blender: SIG_DFL
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
debootstrap --variant=minbase trixie "$root" > "$scratch/log"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp -r /etc/apt/apt.conf.d "$root/etc/apt/"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C HOME=/tmp
chroot "$root" apt-get update -qq
chroot "$root" apt-get install -y -qq --no-install-recommends blender >> "$scratch/log" 2>&1
# "SIG_DFL" and "SIG_IGN" are the names of the two settings in Python.
line='import signal; print("disposition", signal.getsignal(signal.SIGPIPE).name)'
{
    echo "python3: $(chroot "$root" python3 -c "$line" | sed -n 's/^disposition //p')"
    echo "blender: $(chroot "$root" blender --background --factory-startup --python-expr "$line" |
        sed -n 's/^disposition //p')"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
python3: SIG_IGN
blender: SIG_DFL
WANTED
