#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# three's MTLLoader takes the normal map of a Blender OBJ for heights, shows its plain colours too dark, and no metal.
#
# Blender writes a normal map as "map_Bump", reads it again as a normal map, and never writes heights. three takes
# map_Bump for heights, of which it uses the red channel: slopes to the left and to the right become valleys and ridges,
# and a slope up or down nothing at all. Plain colours are linear numbers in Blender's .mtl; three takes them for sRGB,
# so 0.5 is 0.21, while a picture in their place looks the same as in Blender. With "PBR Extensions", the roughness and
# the metal are in lines that three does not know, and what it had of the shine is gone too: Blender leaves out Ns then,
# and three's own 30 stands in for it. Nothing is reported. Use glTF for three. Where it has to be an OBJ, move each
# material's bumpMap to its normalMap after loading, and call convertLinearToSRGB() on the plain colours.
#
# Versions: bpy 5.3.0 from PyPI, Python 3.13, with the numpy that pip installs; three 0.187.0 from npm, Node.js 20.
# Blender 4.2.23 writes the same lines (tried too).
#
# Seen (a material with a normal map, roughness 0.3 and metallic 1, as Blender and three read what Blender has written):
#     plain: written Ns 490.000000, map_Bump -bm 1.000000 slopes.png
#     plain: Blender reads colour 0.50 0.25 0.12, roughness 0.30, metallic 1.00, slopes.png in Normal Map
#     PBR Extensions: written Pr 0.300000, Pm 1.000000, map_Bump -bm 1.000000 slopes.png
#     PBR Extensions: Blender reads colour 0.50 0.25 0.12, roughness 0.30, metallic 1.00, slopes.png in Normal Map
#     plain: three reads colour 0.21 0.05 0.01, shininess 490, metal undefined, slopes.png in bumpMap
#     PBR Extensions: three reads colour 0.21 0.05 0.01, shininess 30, metal undefined, slopes.png in bumpMap
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/write.py" <<'PY'
import os, sys
import bpy

os.chdir(sys.argv[1])
print()
for what, with_pbr in (("plain", False), ("PBR Extensions", True)):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_plane_add()
    material = bpy.data.materials.new("Wall")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (0.5, 0.25, 0.125, 1)
    shader.inputs["Roughness"].default_value = 0.3
    shader.inputs["Metallic"].default_value = 1
    picture = nodes.new("ShaderNodeTexImage")
    picture.image = bpy.data.images.new("slopes", 4, 4)
    picture.image.filepath_raw = os.path.abspath("slopes.png")
    picture.image.save()
    normal = nodes.new("ShaderNodeNormalMap")
    links.new(picture.outputs["Color"], normal.inputs["Color"])
    links.new(normal.outputs["Normal"], shader.inputs["Normal"])
    bpy.context.object.data.materials.append(material)
    bpy.ops.wm.obj_export(filepath=f"{what}.obj", path_mode="STRIP", export_pbr_extensions=with_pbr)
    with open(f"{what}.mtl") as file:
        lines = [line.strip() for line in file if line.startswith(("Ns", "Pr", "Pm", "map"))]
    print(f"Seen: {what}: written {', '.join(lines)}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.obj_import(filepath=f"{what}.obj")
    shader = bpy.data.materials[0].node_tree.nodes["Principled BSDF"]
    values = [f"{value:.2f}" for value in shader.inputs["Base Color"].default_value[:3]]
    others = [f"{name.lower()} {shader.inputs[name].default_value:.2f}" for name in ("Roughness", "Metallic")]
    source = shader.inputs["Normal"].links[0].from_node
    print(f"Seen: {what}: Blender reads colour {' '.join(values)}, {', '.join(others)}, slopes.png in {source.name}")
sys.stdout.flush()
os._exit(0)
PY
cat > "$scratch/look.mjs" <<'JS'
import { readFileSync } from 'fs';
import { Texture, TextureLoader } from 'three';
import { MTLLoader } from 'three/addons/loaders/MTLLoader.js';

// There is no page to load pictures with.
TextureLoader.prototype.load = (url) => Object.assign(new Texture(), { name: url });
for (const what of ['plain', 'PBR Extensions']) {
    const made = new MTLLoader().parse(readFileSync(`${process.argv[2]}/${what}.mtl`, 'utf8'), '');
    const material = made.create('Wall');
    const colour = material.color.toArray().map((number) => number.toFixed(2)).join(' ');
    const kinds = ['bumpMap', 'normalMap'].filter((kind) => material[kind]);
    const maps = kinds.map((kind) => `${material[kind].name} in ${kind}`);
    const { shininess, metalness } = material;
    console.log(`${what}: three reads colour ${colour}, shininess ${shininess}, metal ${metalness}, ${maps}`);
}
JS
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
npm install --prefix "$scratch" --no-audit --no-fund --loglevel=error three@0.187.0 > "$scratch/log"
"$(python_of 3.13)" -m venv "$scratch/blender"
"$scratch/blender/bin/pip" install --quiet --disable-pip-version-check bpy==5.3.0
{
    "$scratch/blender/bin/python" "$scratch/write.py" "$scratch" 2>/dev/null | sed -n 's/^Seen: //p'
    node "$scratch/look.mjs" "$scratch"
} | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
plain: written Ns 490.000000, map_Bump -bm 1.000000 slopes.png
plain: Blender reads colour 0.50 0.25 0.12, roughness 0.30, metallic 1.00, slopes.png in Normal Map
PBR Extensions: written Pr 0.300000, Pm 1.000000, map_Bump -bm 1.000000 slopes.png
PBR Extensions: Blender reads colour 0.50 0.25 0.12, roughness 0.30, metallic 1.00, slopes.png in Normal Map
plain: three reads colour 0.21 0.05 0.01, shininess 490, metal undefined, slopes.png in bumpMap
PBR Extensions: three reads colour 0.21 0.05 0.01, shininess 30, metal undefined, slopes.png in bumpMap
WANTED
