#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The exporters of a collection return FINISHED for a file that could not be written.
#
# A script that calls an export operator gets a RuntimeError when the file cannot be written. The same operator as
# exporter of a collection (from 4.2 on: collection.exporter_export, collection.export_all and wm.collection_export_all)
# fails just as well, but these return {'FINISHED'} and raise nothing: the message goes to the console only. So it is
# with glTF and FBX in all versions; OBJ says CANCELLED from 4.5 on, and raises nothing either. A render farm or an
# asset pipeline that exports by collections goes on with the file of the day before. Look whether each file is there
# and new.
#
# Versions: bpy 4.2.23 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each.
# 4.5.15, 5.0.1 and 5.2.3 are as 5.3.0 (tried too).
#
# Seen (the folder of the file is itself a file; what each way says):
#     4.2.23: glb: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
#     4.2.23: fbx: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
#     4.2.23: obj: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
#     5.3.0: glb: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
#     5.3.0: fbx: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
#     5.3.0: obj: alone RuntimeError, one CANCELLED all CANCELLED of the file CANCELLED written False
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
collection = bpy.data.collections.new("Model")
bpy.context.scene.collection.children.link(collection)
mesh = bpy.data.meshes.new("Triangle")
mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
collection.objects.link(bpy.data.objects.new("Triangle", mesh))
bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Model"]
# The folder of the export is a file by now.
with open(f"{folder}/exports", "w"):
    pass
exporters = {
    "glb": ("IO_FH_gltf2", bpy.ops.export_scene.gltf),
    "fbx": ("IO_FH_fbx", bpy.ops.export_scene.fbx),
    "obj": ("IO_FH_obj", bpy.ops.wm.obj_export),
}
for ending, (handler, operator) in exporters.items():
    while len(collection.exporters):
        bpy.ops.collection.exporter_remove(index=0)
    bpy.ops.collection.exporter_add(name=handler)
    path = f"{folder}/exports/model.{ending}"
    collection.exporters[0].export_properties.filepath = path
    try:
        said = ["alone", *operator(filepath=path)]
    except RuntimeError:
        said = ["alone RuntimeError,"]
    said += ["one", *bpy.ops.collection.exporter_export(index=0), "all", *bpy.ops.collection.export_all()]
    said += ["of the file", *bpy.ops.wm.collection_export_all()]
    print()
    print(f"{version}: {ending}:", *said, "written", os.path.exists(path), flush=True)
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
4.2.23: glb: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
4.2.23: fbx: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
4.2.23: obj: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
5.3.0: glb: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
5.3.0: fbx: alone RuntimeError, one FINISHED all FINISHED of the file FINISHED written False
5.3.0: obj: alone RuntimeError, one CANCELLED all CANCELLED of the file CANCELLED written False
WANTED
