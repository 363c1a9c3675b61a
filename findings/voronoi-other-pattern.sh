#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From Blender 5.0 on, a Voronoi texture has other cells: models whose shape comes from it have another shape.
#
# The cells of the Voronoi Texture node lie elsewhere from 5.0 on, with two, three and four dimensions; with one
# dimension they stay, and so do Noise, White Noise and Random Value. It is so in geometry nodes and in renders by
# Cycles, for files of older versions too: cracks, pores and what is scattered over a model are where they were not, and
# in another number. The node has no setting that brings the old cells back, and nothing is reported. Frames from a farm
# with both versions do not fit together, and a model that is exported again does not fit what was baked for it. Apply
# the modifier, or bake the pattern, in the version that it was made in.
#
# Versions: bpy 4.5.15 (Python 3.11) and 5.3.0 (Python 3.13), from PyPI. 4.2.23 is as 4.5.15, and 5.0.1 and 5.2.3 are as
# 5.3.0 (tried too).
#
# Seen (of one file that 4.5.15 wrote: a grid is cut away where a texture is small; four values of what is left):
#     4.5.15: Voronoi 1D: 0.497, 0.497, 0.497, 0.497; 120 faces left
#     4.5.15: Voronoi 2D: 0.422, 0.427, 0.568, 0.45; 173 faces left
#     4.5.15: Voronoi 3D: 0.588, 0.571, 0.589, 0.434; 627 faces left
#     4.5.15: Voronoi 4D: 0.688, 0.675, 0.638, 0.765; 928 faces left
#     4.5.15: Noise 3D: 0.559, 0.541, 0.444, 0.62; 1006 faces left
#     5.3.0: Voronoi 1D: 0.497, 0.497, 0.497, 0.497; 120 faces left
#     5.3.0: Voronoi 2D: 0.479, 0.571, 0.474, 0.486; 178 faces left
#     5.3.0: Voronoi 3D: 0.419, 0.583, 0.619, 0.65; 614 faces left
#     5.3.0: Voronoi 4D: 0.5, 0.406, 0.811, 0.663; 1010 faces left
#     5.3.0: Noise 3D: 0.559, 0.541, 0.444, 0.62; 1006 faces left
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]
FILE = f"{folder}/scene.blend"
TEXTURES = {
    "Voronoi 1D": ("ShaderNodeTexVoronoi", {"voronoi_dimensions": "1D"}),
    "Voronoi 2D": ("ShaderNodeTexVoronoi", {"voronoi_dimensions": "2D"}),
    "Voronoi 3D": ("ShaderNodeTexVoronoi", {"voronoi_dimensions": "3D"}),
    "Voronoi 4D": ("ShaderNodeTexVoronoi", {"voronoi_dimensions": "4D"}),
    "Noise 3D": ("ShaderNodeTexNoise", {}),
}


def group(name, kind, settings):
    """Return geometry nodes that store a texture as the attribute "seen", and delete the points where it is small."""
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    kinds = ("NodeGroupInput", "NodeGroupOutput", kind, "GeometryNodeInputPosition")
    enter, leave, texture, place = (tree.nodes.new(one) for one in kinds)
    store = tree.nodes.new("GeometryNodeStoreNamedAttribute")
    store.inputs["Name"].default_value = "seen"
    less, delete = tree.nodes.new("FunctionNodeCompare"), tree.nodes.new("GeometryNodeDeleteGeometry")
    less.operation, less.inputs["B"].default_value = "LESS_THAN", 0.4
    for one, value in settings.items():
        setattr(texture, one, value)
    if settings.get("voronoi_dimensions") == "1D":
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        tree.links.new(place.outputs[0], split.inputs[0])
        tree.links.new(split.outputs[0], texture.inputs["W"])
    else:
        tree.links.new(place.outputs[0], texture.inputs["Vector"])
    value = texture.outputs[0]
    tree.links.new(value, next(one for one in store.inputs if one.name == "Value" and one.enabled))
    tree.links.new(value, less.inputs["A"])
    tree.links.new(less.outputs[0], delete.inputs["Selection"])
    for first, second in ((enter, store), (store, delete), (delete, leave)):
        tree.links.new(first.outputs[0], second.inputs[0])
    return tree


def write():
    """Write a grid for each texture."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for name, (kind, settings) in TEXTURES.items():
        bpy.ops.mesh.primitive_grid_add(x_subdivisions=40, y_subdivisions=40, size=3.7)
        bpy.context.object.name = name
        bpy.context.object.modifiers.new("Texture", "NODES").node_group = group(name, kind, settings)
    bpy.ops.wm.save_as_mainfile(filepath=FILE)


if not os.path.exists(FILE):
    write()
bpy.ops.wm.open_mainfile(filepath=FILE)
print()
for name in TEXTURES:
    mesh = bpy.data.objects[name].evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    values = [round(mesh.attributes["seen"].data[index].value, 3) for index in range(0, 80, 20)]
    print(f"{version}: {name}: {', '.join(map(str, values))}; {len(mesh.polygons)} faces left", flush=True)
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
4.5.15 3.11
5.3.0 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.5.15: Voronoi 1D: 0.497, 0.497, 0.497, 0.497; 120 faces left
4.5.15: Voronoi 2D: 0.422, 0.427, 0.568, 0.45; 173 faces left
4.5.15: Voronoi 3D: 0.588, 0.571, 0.589, 0.434; 627 faces left
4.5.15: Voronoi 4D: 0.688, 0.675, 0.638, 0.765; 928 faces left
4.5.15: Noise 3D: 0.559, 0.541, 0.444, 0.62; 1006 faces left
5.3.0: Voronoi 1D: 0.497, 0.497, 0.497, 0.497; 120 faces left
5.3.0: Voronoi 2D: 0.479, 0.571, 0.474, 0.486; 178 faces left
5.3.0: Voronoi 3D: 0.419, 0.583, 0.619, 0.65; 614 faces left
5.3.0: Voronoi 4D: 0.5, 0.406, 0.811, 0.663; 1010 faces left
5.3.0: Noise 3D: 0.559, 0.541, 0.444, 0.62; 1006 faces left
WANTED
