#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A number from numpy, stored as a custom property, becomes an empty group up to Blender 5.0; 32 bits lose their sign in
# all.
#
# Custom properties take int and float, lists of them, and arrays; what they do not know is refused with a TypeError. Up
# to 5.0, numpy's own numbers are neither stored nor refused: obj["count"] = array.sum() leaves a group without entries,
# an array of int64 (numpy's usual kind of whole numbers) a list of such groups. No line fails there. The error is left
# behind, and a later call, which has nothing to do with it, may raise SystemError ("returned a result with an exception
# set"). A float64 is a float for Python, and is kept, so the same script works for its means and not for its counts.
# From 5.2 on there is a TypeError. In every version an array of uint32 is stored as if it were signed: seeds, hashes
# and ids of 2^31 and more are negative. Use int(), float() and tolist().
#
# Versions: bpy 4.2.23 and 5.0.1 (Python 3.11), 5.3.0 (Python 3.13), with the numpy that pip installs with each, from
# PyPI. 4.5.15 is as 5.0.1, and 5.2.3 as 5.3.0 (tried too).
#
# Seen (what was stored and what is there; "SystemError" where the next call failed):
#     4.2.23: int 7; sum {}, SystemError; float32 {}, SystemError; float64 0.5
#     4.2.23: int64 [{}, {}], SystemError; int32 [3, 4]; uint32 [1, -294967296]
#     5.0.1: int 7; sum {}, SystemError; float32 {}, SystemError; float64 0.5
#     5.0.1: int64 [{}, {}], SystemError; int32 [3, 4]; uint32 [1, -294967296]
#     5.3.0: int 7; sum TypeError; float32 TypeError; float64 0.5
#     5.3.0: int64 TypeError; int32 [3, 4]; uint32 [1, -294967296]
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy
import numpy

version = sys.argv[1]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene


def plain(there):
    """Turn what Blender hands out for a custom property into Python's own types."""
    if isinstance(there, list):
        return [plain(one) for one in there]
    turn = getattr(there, "to_dict", None) or getattr(there, "to_list", None)
    return turn() if turn else there


def kept(value):
    """Store a value as custom property, and tell what is there then, and whether the next call failed."""
    later = ""
    try:
        scene["it"] = value
    except TypeError:
        return "TypeError"
    try:
        hasattr(scene, "name")
    except SystemError:
        later = ", SystemError"
    return f"{plain(scene['it'])}{later}"


counts = numpy.array([3, 4])
seeds = numpy.array([1, 4000000000], numpy.uint32)
print()
print(f"{version}: int {kept(7)}; sum {kept(counts.sum())}; float32 {kept(numpy.float32(0.5))}", end="")
print(f"; float64 {kept(numpy.float64(0.5))}")
print(f"{version}: int64 {kept(counts)}; int32 {kept(counts.astype(numpy.int32))}; uint32 {kept(seeds)}", flush=True)
os._exit(0)
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
while read -r version python; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.0.1 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: int 7; sum {}, SystemError; float32 {}, SystemError; float64 0.5
4.2.23: int64 [{}, {}], SystemError; int32 [3, 4]; uint32 [1, -294967296]
5.0.1: int 7; sum {}, SystemError; float32 {}, SystemError; float64 0.5
5.0.1: int64 [{}, {}], SystemError; int32 [3, 4]; uint32 [1, -294967296]
5.3.0: int 7; sum TypeError; float32 TypeError; float64 0.5
5.3.0: int64 TypeError; int32 [3, 4]; uint32 [1, -294967296]
WANTED
