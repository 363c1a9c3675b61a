#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 5.3 the asset library that was just added is not the last one in the preferences.
#
# Scripts that add an asset library call bpy.ops.preferences.asset_library_add() and then write name, path or import
# method to preferences.filepaths.asset_libraries[-1]: the operator returns no entry, and up to 5.2 the new one was the
# last. From 5.3 on the list also shows the libraries of the open project, always behind the user's own. So the same
# lines rename the project's last library and point it elsewhere, the project counts as changed, and saving it puts that
# into the project's file, which is shared by a team; the new library keeps Blender's name. Only is_project_defined tells.
# asset_libraries.new(), there in 4.2 already, returns the entry itself.
#
# Versions: bpy 4.2.23 (Python 3.11), 5.3.0 (Python 3.13), from PyPI.
#
# Seen (name written to [-1] after the operator; the user's libraries; the project's libraries; is the project changed):
#     4.2.23: ['User Library', 'Mine'] [] False
#     5.3.0: ['User Library', 'new'] ['Mine'] True
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, scratch = sys.argv[1:]
libraries = bpy.context.preferences.filepaths.asset_libraries
project = None
if hasattr(bpy.data, "project"):
    os.mkdir(os.path.join(scratch, "film"))
    bpy.ops.project.new(directory=os.path.join(scratch, "film"))
    project = bpy.data.project
    project.asset_libraries.new(name="Team", directory="{project_root}/assets")
    bpy.ops.project.config_save()
bpy.ops.preferences.asset_library_add(directory=os.path.join(scratch, "new"))
libraries[-1].name = "Mine"
own = [one.name for one in libraries if not getattr(one, "is_project_defined", False)]
team = [one.name for one in project.asset_libraries] if project else []
print(f"{version}: {own} {team} {project is not None and project.is_dirty}", flush=True)
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
export BLENDER_USER_RESOURCES="$scratch/user"
while read -r version python; do
    "$(python_of "$python")" -m venv "$scratch/$version"
    "$scratch/$version/bin/pip" install --quiet --disable-pip-version-check "bpy==$version"
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" "$scratch" 2>/dev/null | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: ['User Library', 'Mine'] [] False
5.3.0: ['User Library', 'new'] ['Mine'] True
WANTED
