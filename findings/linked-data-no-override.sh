#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 5.3, what was just linked cannot be overridden or made local: override_create() and the like return None.
#
# A script links a character or a prop with libraries.load(link=True) and makes a library override of it at once: so do
# pipelines, and so it worked up to 5.2. In 5.3 the linked data-block counts as indirectly linked (is_library_indirect
# is True) until something uses it, and both calls return None without an error or a report; make_local() leaves it
# linked. A script that does not look at what is returned saves a scene without the prop. Link it into the scene, or
# give it a fake user, first. The documentation of the calls is the same in 5.2 and 5.3.
#
# Versions: bpy 5.2.3 and 5.3.0 from PyPI, Python 3.13. 4.2.23, 4.5.15 and 5.0.1 are as 5.2.3 (tried too).
#
# Seen:
#     5.2.3: object, override_create: an override (is_library_indirect False)
#     5.2.3: collection, override_hierarchy_create: an override (is_library_indirect False)
#     5.2.3: the same, in the scene: an override (is_library_indirect False)
#     5.2.3: object with a fake user, override_create: an override (is_library_indirect False)
#     5.2.3: object, make_local: local
#     5.3.0: object, override_create: None (is_library_indirect True)
#     5.3.0: collection, override_hierarchy_create: None (is_library_indirect True)
#     5.3.0: the same, in the scene: an override (is_library_indirect False)
#     5.3.0: object with a fake user, override_create: an override (is_library_indirect False)
#     5.3.0: object, make_local: still linked
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys
import bpy

version, folder = sys.argv[1:]


def linked(kind, name):
    """Link something of the library into an empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(f"{folder}/library.blend", link=True) as (_, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def said(made, linked_one):
    """Tell what came of it."""
    return f"{'an override' if made else made} (is_library_indirect {linked_one.is_library_indirect})"


bpy.ops.wm.read_factory_settings(use_empty=True)
collection = bpy.data.collections.new("Props")
collection.objects.link(bpy.data.objects.new("Chair", bpy.data.meshes.new("Chair")))
bpy.data.libraries.write(f"{folder}/library.blend", {collection})
print()
chair = linked("objects", "Chair")
print(f"{version}: object, override_create: {said(chair.override_create(), chair)}", flush=True)
props = linked("collections", "Props")
made = props.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
print(f"{version}: collection, override_hierarchy_create: {said(made, props)}", flush=True)
props = linked("collections", "Props")
bpy.context.scene.collection.children.link(props)
made = props.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
print(f"{version}: the same, in the scene: {said(made, props)}", flush=True)
chair = linked("objects", "Chair")
chair.use_fake_user = True
print(f"{version}: object with a fake user, override_create: {said(chair.override_create(), chair)}", flush=True)
chair = linked("objects", "Chair")
print(f"{version}: object, make_local: {'still linked' if chair.make_local().library else 'local'}", flush=True)
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
5.2.3: object, override_create: an override (is_library_indirect False)
5.2.3: collection, override_hierarchy_create: an override (is_library_indirect False)
5.2.3: the same, in the scene: an override (is_library_indirect False)
5.2.3: object with a fake user, override_create: an override (is_library_indirect False)
5.2.3: object, make_local: local
5.3.0: object, override_create: None (is_library_indirect True)
5.3.0: collection, override_hierarchy_create: None (is_library_indirect True)
5.3.0: the same, in the scene: an override (is_library_indirect False)
5.3.0: object with a fake user, override_create: an override (is_library_indirect False)
5.3.0: object, make_local: still linked
WANTED
