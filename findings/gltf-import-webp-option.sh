#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 5.3 the glTF importer drops all pictures when WebP is to be preferred and the file has none.
#
# "Import WebP Textures" (import_webp_texture) says: if a texture exists in WebP format, load it instead of the
# fallback. So one leaves it on for every file, and up to 5.2 that is right. In 5.3 it is read as "WebP or nothing": of
# a file whose pictures are PNG or JPEG, as nearly all are, every material comes without its pictures, the image nodes
# are empty, and the operator returns {'FINISHED'}. The new option for KTX2 textures does the same, to WebP too. The
# cause is a conditional expression with two values and no parentheses, in get_source() of blender/imp/texture.py. In
# 5.3 leave both off: a file that has nothing but WebP is read without.
#
# Versions: bpy 5.2.3 and 5.3.0 (Python 3.13), from PyPI, with the numpy that pip installs with each. 4.2.23, 4.5.15 and
# 5.0.1 are as 5.2.3 (tried too).
#
# Seen (how many pictures are there after the import of a file that has one; "-": there is no such option):
#     5.2.3: PNG 1, WebP preferred 1, KTX preferred -; WebP 1, WebP preferred 1, KTX preferred -
#     5.3.0: PNG 1, WebP preferred 0, KTX preferred 0; WebP 1, WebP preferred 1, KTX preferred 0
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def write(path, picture_format):
    """Export a square with a red picture as its colour."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_plane_add()
    image = bpy.data.images.new("Red", 8, 8)
    image.generated_color = (1, 0, 0, 1)
    image.pack()
    material = bpy.data.materials.new("Material")
    if bpy.app.version < (5, 0, 0):
        material.use_nodes = True
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    tree.links.new(texture.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    bpy.context.object.data.materials.append(material)
    bpy.ops.export_scene.gltf(filepath=path, export_image_format=picture_format)


def imported(path, options):
    """Import the file with FINISHED, and say how many pictures are there."""
    known = bpy.ops.import_scene.gltf.get_rna_type().properties.keys()
    if any(option not in known for option in options):
        return "-"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    answer = bpy.ops.import_scene.gltf(filepath=path, **options)
    assert answer == {"FINISHED"}
    return len(bpy.data.images)


said = []
for kind, picture_format in (("PNG", "AUTO"), ("WebP", "WEBP")):
    path = f"{folder}/{kind}.glb"
    write(path, picture_format)
    without, webp, ktx = (
        imported(path, options) for options in ({}, {"import_webp_texture": True}, {"import_ktx_texture": True})
    )
    said.append(f"{kind} {without}, WebP preferred {webp}, KTX preferred {ktx}")
print()
print(f"{version}: {'; '.join(said)}", flush=True)
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
5.2.3 3.13
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
5.2.3: PNG 1, WebP preferred 1, KTX preferred -; WebP 1, WebP preferred 1, KTX preferred -
5.3.0: PNG 1, WebP preferred 0, KTX preferred 0; WebP 1, WebP preferred 1, KTX preferred 0
WANTED
