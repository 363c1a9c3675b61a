#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Of a full disk, Blender says "No such file or directory" or "Success" when it writes a .blend, or gives no reason.
#
# The reason is read from errno after other calls have changed it. It is right only for compressed files up to 5.2; in
# 5.3, those get no reason at all. bpy.data.libraries.write() raises an OSError whose errno is None, so a script
# cannot tell a full disk either. What was written is removed before, so the disk has room again when one looks.
#
# A limit on the size of files (RLIMIT_FSIZE, 100,000 bytes) stands for the full disk, which would need rights to mount
# one. With a real one, of 200 kB, all versions said the same, "No space left on device" for "File too large" (tried
# too).
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.5.15, 5.0.1 and 5.2.3 say what 4.2.23 does
# on a real full disk (tried too).
#
# Seen (the last is what is left in the folder):
#     4.2.23: save_as_mainfile, compress=False: RuntimeError(None): Error: No such file or directory; []
#     4.2.23: save_as_mainfile, compress=True: RuntimeError(None): Error: File too large; []
#     4.2.23: libraries.write, compress=False: OSError(None): Error: Success; []
#     4.2.23: libraries.write, compress=True: OSError(None): Error: File too large; []
#     5.3.0: save_as_mainfile, compress=False: RuntimeError(None): Error: Failed to write blendfile: No such file or directory; []
#     5.3.0: save_as_mainfile, compress=True: RuntimeError(None): Error: Failed to write blendfile; []
#     5.3.0: libraries.write, compress=False: OSError(None): Error: Failed to write blendfile: Success; []
#     5.3.0: libraries.write, compress=True: OSError(None): Error: Failed to write blendfile; []
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, resource, sys
from array import array
import bpy

version, folder = sys.argv[1:]
print()
bpy.ops.wm.read_factory_settings(use_empty=True)
mesh = bpy.data.meshes.new("Scan")
mesh.vertices.add(200_000)
state = 1
places = array("f", [0.0]) * 600_000
for place in range(len(places)):
    state = state * 1103515245 + 12345 & 0x7FFFFFFF
    places[place] = state
mesh.vertices.foreach_set("co", places)
mesh.use_fake_user = True
ways = {
    "save_as_mainfile": lambda path, compress: bpy.ops.wm.save_as_mainfile(filepath=path, compress=compress, copy=True),
    "libraries.write": lambda path, compress: bpy.data.libraries.write(path, {mesh}, compress=compress),
}
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
for name, write in ways.items():
    for compress in (False, True):
        try:
            write(f"{folder}/scan.blend", compress)
            said = "written"
        except (OSError, RuntimeError) as error:
            said = f"{type(error).__name__}({getattr(error, 'errno', None)}): {' '.join(str(error).split())}"
        print(f"{version}: {name}, compress={compress}: {said}; {os.listdir(folder)}", flush=True)
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
    mkdir "$scratch/out-$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch/out-$version" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: save_as_mainfile, compress=False: RuntimeError(None): Error: No such file or directory; []
4.2.23: save_as_mainfile, compress=True: RuntimeError(None): Error: File too large; []
4.2.23: libraries.write, compress=False: OSError(None): Error: Success; []
4.2.23: libraries.write, compress=True: OSError(None): Error: File too large; []
5.3.0: save_as_mainfile, compress=False: RuntimeError(None): Error: Failed to write blendfile: No such file or directory; []
5.3.0: save_as_mainfile, compress=True: RuntimeError(None): Error: Failed to write blendfile; []
5.3.0: libraries.write, compress=False: OSError(None): Error: Failed to write blendfile: Success; []
5.3.0: libraries.write, compress=True: OSError(None): Error: Failed to write blendfile; []
WANTED
