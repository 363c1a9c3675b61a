#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An object that is in no collection is not saved if only a constraint, a modifier, a driver or a child refers to it.
#
# Blender counts no user for such a reference, and writes no object without users. The reference works until the file is
# opened again, and is empty then, without a word; user_map() lists the user all the same. A custom property and the
# input of a node count, and save the object. So a script that takes an object out of all collections, to free it when
# nobody needs it, has to look at user_map() and to set a fake user itself: Object.users says 0 for both.
#
# Versions: bpy 4.2.23 (Python 3.11), from PyPI. 5.3.0 (Python 3.13) is the same (tried too).
#
# Seen:
#     constraint: 0 users, listed, lost
#     modifier: 0 users, listed, lost
#     driver: 0 users, listed, lost
#     child: 0 users, listed, lost
#     property: 1 users, listed, saved
#     node: 1 users, listed, saved
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
names = ("constraint", "modifier", "driver", "child", "property", "node")
one = {name: bpy.data.objects.new(name, bpy.data.meshes.new(name)) for name in names}
user = bpy.data.objects.new("User", bpy.data.meshes.new("User"))
bpy.context.scene.collection.objects.link(user)
user.constraints.new("COPY_LOCATION").target = one["constraint"]
user.modifiers.new("Boolean", "BOOLEAN").object = one["modifier"]
user.driver_add("location", 0).driver.variables.new().targets[0].id = one["driver"]
user.parent = one["child"]
user["other"] = one["property"]
group = bpy.data.node_groups.new("Group", "GeometryNodeTree")
group.nodes.new("GeometryNodeObjectInfo").inputs[0].default_value = one["node"]
group.use_fake_user = True
users = {name: obj.users for name, obj in one.items()}
listed = {name: bool(bpy.data.user_map(subset={obj})[obj]) for name, obj in one.items()}
path = os.path.join(sys.argv[1], "saved.blend")
bpy.ops.wm.save_as_mainfile(filepath=path)
bpy.ops.wm.open_mainfile(filepath=path)
for name in names:
    said = "listed" if listed[name] else "not listed"
    kept = "saved" if name in bpy.data.objects else "lost"
    print(f"SEEN {name}: {users[name]} users, {said}, {kept}", flush=True)
os._exit(0)
PY
python3.11 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check bpy==4.2.23
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch" | sed -n 's/^SEEN //p' | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
constraint: 0 users, listed, lost
modifier: 0 users, listed, lost
driver: 0 users, listed, lost
child: 0 users, listed, lost
property: 1 users, listed, saved
node: 1 users, listed, saved
WANTED
