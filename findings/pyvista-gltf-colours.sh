#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# PyVista (VTK) exports glTF with colours that are too light, a blue tint over vertex colours, and opaque glass.
#
# Plotter.export_gltf(), which is VTK's vtkGLTFExporter, writes colours as they are in VTK, sRGB, where glTF has linear
# ones: a middle grey of 0.5 is shown as 188 of 255 in place of 128. With RGB scalars, the colour of the mesh is written
# as well, which VTK does not show then, and which glTF multiplies with them: PyVista's is light blue. Opacity is
# written as alpha and without "alphaMode", so that readers ignore it. And faces have one side only, where VTK shows
# two: an open surface is gone when it is seen from behind. Nothing is reported. Set color="white" for a mesh with
# scalars, and correct materials and colours in the file: the gamma, "alphaMode": "BLEND", "doubleSided".
#
# Versions: pyvista 0.49.2, vtk 9.7.2 and numpy 2.4.6 from PyPI, Python 3.11.
# pyvista 0.44.2 with vtk 9.3.1 is the same (tried too).
#
# Seen (how VTK draws a mesh; what the glTF says of it; the colour that this is in 8 bits on a screen):
#     grey 128 128 128: factor 0.50 0.50 0.50 1.00, vertex 1.00 1.00 1.00 1.00
#     grey 128 128 128: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
#     grey, half of it there: factor 0.50 0.50 0.50 0.50, vertex 1.00 1.00 1.00 1.00
#     grey, half of it there: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
#     RGB scalars 255 255 255: factor 0.68 0.85 0.90 1.00, vertex 1.00 1.00 1.00 1.00
#     RGB scalars 255 255 255: alphaMode OPAQUE, doubleSided False, seen as 215 237 244
#     RGB scalars 128 128 128: factor 0.68 0.85 0.90 1.00, vertex 0.50 0.50 0.50 1.00
#     RGB scalars 128 128 128: alphaMode OPAQUE, doubleSided False, seen as 158 174 179
#     the same, with color white: factor 1.00 1.00 1.00 1.00, vertex 0.50 0.50 0.50 1.00
#     the same, with color white: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import base64, json, sys
import numpy, pyvista


def exported(mesh, **options):
    """Return the glTF of a mesh, and the base colour and the vertex colour of its first corner, as numbers up to 1."""
    plotter = pyvista.Plotter(off_screen=True)
    plotter.add_mesh(mesh, **options)
    plotter.export_gltf(sys.argv[1], rotate_scene=False)
    with open(sys.argv[1]) as file:
        gltf = json.load(file)
    (primitive,) = gltf["meshes"][0]["primitives"]
    found = numpy.ones(4)
    if "COLOR_0" in primitive["attributes"]:
        accessor = gltf["accessors"][primitive["attributes"]["COLOR_0"]]
        view = gltf["bufferViews"][accessor["bufferView"]]
        data = base64.b64decode(gltf["buffers"][view["buffer"]]["uri"].split(",")[1])
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        found = numpy.frombuffer(data, numpy.uint8, 4, start) / 255
    return gltf["materials"][primitive["material"]], found


def say(what, material, vertex):
    base = numpy.array(material["pbrMetallicRoughness"]["baseColorFactor"])
    linear = (base * vertex)[:3]
    seen = numpy.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    others = f"alphaMode {material.get('alphaMode', 'OPAQUE')}, doubleSided {material.get('doubleSided', False)}"
    print(f"{what}: factor {' '.join(f'{one:.2f}' for one in base)}, vertex {' '.join(f'{one:.2f}' for one in vertex)}")
    print(f"{what}: {others}, seen as {' '.join(f'{255 * one:.0f}' for one in seen)}")


plane = pyvista.Plane(i_resolution=1, j_resolution=1)
say("grey 128 128 128", *exported(plane, color=(0.5, 0.5, 0.5)))
say("grey, half of it there", *exported(plane, color=(0.5, 0.5, 0.5), opacity=0.5))
plane["colours"] = numpy.full((4, 3), 255, numpy.uint8)
say("RGB scalars 255 255 255", *exported(plane, scalars="colours", rgb=True))
plane["colours"] = numpy.full((4, 3), 128, numpy.uint8)
say("RGB scalars 128 128 128", *exported(plane, scalars="colours", rgb=True))
say("the same, with color white", *exported(plane, scalars="colours", rgb=True, color="white"))
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pyvista==0.49.2 vtk==9.7.2 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch/out.gltf" 2>/dev/null | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
grey 128 128 128: factor 0.50 0.50 0.50 1.00, vertex 1.00 1.00 1.00 1.00
grey 128 128 128: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
grey, half of it there: factor 0.50 0.50 0.50 0.50, vertex 1.00 1.00 1.00 1.00
grey, half of it there: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
RGB scalars 255 255 255: factor 0.68 0.85 0.90 1.00, vertex 1.00 1.00 1.00 1.00
RGB scalars 255 255 255: alphaMode OPAQUE, doubleSided False, seen as 215 237 244
RGB scalars 128 128 128: factor 0.68 0.85 0.90 1.00, vertex 0.50 0.50 0.50 1.00
RGB scalars 128 128 128: alphaMode OPAQUE, doubleSided False, seen as 158 174 179
the same, with color white: factor 1.00 1.00 1.00 1.00, vertex 0.50 0.50 0.50 1.00
the same, with color white: alphaMode OPAQUE, doubleSided False, seen as 188 188 188
WANTED
