#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# asset_clear() also takes the fake user that a data-block had before it was an asset: the next save leaves it out.
#
# asset_mark() sets the fake user, so that an asset without users is saved. asset_clear() takes it away, whoever set it,
# and has no argument to keep it (the menu entry has two ways, Clear Asset and Clear Asset (Set Fake User)). A material,
# action or brush that its owner protected with the shield, which was marked for a while and unmarked by a script, is
# not written any more: it is gone when the file is opened again, without a word. So note use_fake_user before
# asset_mark(), and set it after asset_clear().
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 are the same (tried
# too).
#
# Seen (three materials, all with a fake user at first: one is left, one is marked, one is marked and cleared):
#     4.2.23: users {'Cleared': 0, 'Kept': 1, 'Marked': 1}, in the file ['Kept', 'Marked']
#     5.3.0: users {'Cleared': 0, 'Kept': 1, 'Marked': 1}, in the file ['Kept', 'Marked']
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
for name in ("Kept", "Marked", "Cleared"):
    material = bpy.data.materials.new(name)
    material.use_fake_user = True
    if name != "Kept":
        material.asset_mark()
    if name == "Cleared":
        material.asset_clear()
users = {one.name: one.users for one in bpy.data.materials}
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/out.blend")
bpy.ops.wm.open_mainfile(filepath=f"{folder}/out.blend")
print(f"{version}: users {users}, in the file {sorted(one.name for one in bpy.data.materials)}", flush=True)
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
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: users {'Cleared': 0, 'Kept': 1, 'Marked': 1}, in the file ['Kept', 'Marked']
5.3.0: users {'Cleared': 0, 'Kept': 1, 'Marked': 1}, in the file ['Kept', 'Marked']
WANTED
