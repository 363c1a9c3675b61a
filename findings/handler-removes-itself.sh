#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Up to 5.2, a handler that removes itself while it runs makes Blender leave out the next one, which is another add-on's.
#
# bpy.app.handlers are lists, and Blender walks along them by number: what a handler removes moves the others up, and the
# one that comes to its place is not called this time, without a word. A handler that is needed once ("after this file
# is loaded, ...") is commonly written so. In 5.3 all are called. So where 4.2 to 5.2 are supported, leave the handler in
# its list and let it return at once, or remove it later, from a timer.
#
# Versions: bpy 4.2.23 (Python 3.11), 5.2.3 and 5.3.0 (Python 3.13), from PyPI.
#
# Seen; each time, "once" removes itself:
#     4.2.23: save_pre ['once', 'third'], load_post ['once', 'third'], frame_change_post ['once', 'third']
#     5.2.3: save_pre ['once', 'third'], load_post ['once', 'third'], frame_change_post ['once', 'third']
#     5.3.0: save_pre ['once', 'second', 'third'], load_post ['once', 'second', 'third'], ...
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, scratch = sys.argv[1:]
path = os.path.join(scratch, "saved.blend")
bpy.ops.wm.read_factory_settings(use_empty=True)
DO = {
    "save_pre": lambda: bpy.ops.wm.save_as_mainfile(filepath=path),
    "load_post": lambda: bpy.ops.wm.open_mainfile(filepath=path),
    "frame_change_post": lambda: bpy.context.scene.frame_set(5),
}
said = []
for name, do in DO.items():
    handlers, called = getattr(bpy.app.handlers, name), []

    @bpy.app.handlers.persistent
    def once(*_):
        called.append("once")
        handlers.remove(once)

    @bpy.app.handlers.persistent
    def second(*_):
        called.append("second")

    @bpy.app.handlers.persistent
    def third(*_):
        called.append("third")

    handlers.extend([once, second, third])
    do()
    said.append(f"{name} {called}")
    handlers.clear()
print(f"{version}: {', '.join(said)}", flush=True)
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
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: save_pre ['once', 'third'], load_post ['once', 'third'], frame_change_post ['once', 'third']
5.2.3: save_pre ['once', 'third'], load_post ['once', 'third'], frame_change_post ['once', 'third']
5.3.0: save_pre ['once', 'second', 'third'], load_post ['once', 'second', 'third'], frame_change_post ['once', 'second', 'third']
WANTED
