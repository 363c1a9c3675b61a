#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# trimesh writes a 3MF in inches as one in millimetres with the same numbers, and its millimetres as metres of a GLB.
#
# A 3MF names its unit, mostly the millimetre, and trimesh knows it: the scene says units "inch". Its exporter of 3MF
# writes "millimeter" whatever the scene says, so a part that was loaded and exported is printed 25 times too small.
# Its exporter of glTF, where numbers are always metres, converts nothing: a part of 10 mm is a house of 10 m in Blender
# and in every viewer, and the unit is a note in "extras". Nothing is reported. Call convert_units("millimeters") before
# an export as 3MF, and convert_units("meters") before one as glTF.
#
# Versions: trimesh 5.2.0 with networkx 3.6.1, lxml 6.1.3, scipy 1.17.1 and numpy 2.4.6 from PyPI, Python 3.11.
#
# Seen (unit and edge of a box of 10 units):
#     3MF millimeter, 0.01 m: units millimeter, as 3MF millimeter, 0.01 m, as GLB 10 m
#     3MF inch, 0.254 m: units inch, as 3MF millimeter, 0.01 m, as GLB 10 m
#     3MF meter, 10 m: units meter, as 3MF millimeter, 0.01 m, as GLB 10 m
#     after convert_units('meters'): as GLB 0.254 m
#     after convert_units('millimeters'): as 3MF millimeter, 0.254 m
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import io, json, re, struct, zipfile
import trimesh

NAME, UNIT = "3D/3dmodel.model", rb'unit="\w+"'
METRES = {"millimeter": 0.001, "inch": 0.0254, "meter": 1}


def said(data):
    """Return the unit that a 3MF names, and the edge of its box in metres."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        model = archive.read(NAME)
    unit = re.search(UNIT, model).group()[6:-1].decode()
    corners = [float(x) for x in re.findall(rb'<vertex x="([^"]+)"', model)]
    return f"{unit}, {(max(corners) - min(corners)) * METRES[unit]:g} m"


def in_unit(data, unit):
    """Return a 3MF with another unit, and the same numbers."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            copy.writestr(name, re.sub(UNIT, b'unit="%s"' % unit, content) if name == NAME else content)
    return out.getvalue()


def edge(data):
    """Return the edge of the box in a .glb, whose unit is the metre."""
    document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    return f"{accessor['max'][0] - accessor['min'][0]:g} m"


box = trimesh.creation.box((10, 10, 10)).export(file_type="3mf")
for unit in (b"millimeter", b"inch", b"meter"):
    before = in_unit(box, unit)
    scene = trimesh.load(io.BytesIO(before), file_type="3mf")
    print(
        f"3MF {said(before)}: units {scene.units}, as 3MF {said(scene.export(file_type='3mf'))}, "
        f"as GLB {edge(scene.export(file_type='glb'))}"
    )
scene = trimesh.load(io.BytesIO(in_unit(box, b"inch")), file_type="3mf")
print(f"after convert_units('meters'): as GLB {edge(scene.convert_units('meters').export(file_type='glb'))}")
scene = trimesh.load(io.BytesIO(in_unit(box, b"inch")), file_type="3mf")
print(f"after convert_units('millimeters'): as 3MF {said(scene.convert_units('millimeters').export(file_type='3mf'))}")
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
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    trimesh==5.2.0 networkx==3.6.1 lxml==6.1.3 scipy==1.17.1 numpy==2.4.6
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
3MF millimeter, 0.01 m: units millimeter, as 3MF millimeter, 0.01 m, as GLB 10 m
3MF inch, 0.254 m: units inch, as 3MF millimeter, 0.01 m, as GLB 10 m
3MF meter, 10 m: units meter, as 3MF millimeter, 0.01 m, as GLB 10 m
after convert_units('meters'): as GLB 0.254 m
after convert_units('millimeters'): as 3MF millimeter, 0.254 m
WANTED
