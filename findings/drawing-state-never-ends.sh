#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Blender 4.3 and 5.0, one ill-timed call in a thread leaves Python without the right to change data, for good.
#
# While Blender draws a panel, or asks an operator's poll(), Python must change no data ("Writing to ID classes in this
# context is not allowed", "can't modify blend data in this state (drawing/rendering)"). These versions keep that in one
# flag for all threads, and each call of Python notes it at its beginning and puts it back at its end. A call in another
# thread, such as a render engine's render(), which begins within a draw() and ends after it, puts back "drawing", and
# every later call does the same. From then on all timers and handlers of all add-ons fail until Blender is quit, as
# operators called from them do, and add-ons cannot be unregistered. Operators that the user starts go on, so it looks
# as if one add-on were broken. It was met with Cycles in a window of Debian's Blender 4.3.2: a render began while a
# sidebar was drawn, once in 10 renders with a panel that takes 0.1 s to draw; not in 5.2.2.
#
# The script does the same with two poll() in two threads, one after the other by events, so that it happens each time.
# The update function of a property may change data even then.
#
# Versions: bpy 4.2.23, 5.0.1 (Python 3.11), 5.2.3 (Python 3.13), from PyPI.
#
# Seen:
#     4.2.23: before may, after may, in an update function may
#     5.0.1: before may, after may not, in an update function may
#     5.2.3: before may, after may, in an update function may
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import os, sys, threading
import bpy

inside, may_end = threading.Event(), threading.Event()


class TEST_OT_thread(bpy.types.Operator):
    bl_idname, bl_label = "test.thread", "In a thread"

    @classmethod
    def poll(cls, context):
        inside.set()
        may_end.wait(60)
        return True


class TEST_OT_main(bpy.types.Operator):
    bl_idname, bl_label = "test.main", "In the main thread"

    @classmethod
    def poll(cls, context):
        thread.start()
        inside.wait(60)
        return True


def may():
    try:
        del bpy.context.scene["nothing of this name"]
    except KeyError:
        return "may"
    except AttributeError:
        return "may not"


def updated(self, context):
    seen.append(may())


seen = []
bpy.types.WindowManager.test = bpy.props.BoolProperty(update=updated)
for cls in (TEST_OT_thread, TEST_OT_main):
    bpy.utils.register_class(cls)
thread = threading.Thread(target=bpy.ops.test.thread.poll)
before = may()
bpy.ops.test.main.poll()
may_end.set()
thread.join()
after = may()
bpy.context.window_manager.test = True
print(f"{sys.argv[1]}: before {before}, after {after}, in an update function {seen[0]}", flush=True)
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
    "$scratch/$version/bin/python" "$scratch/look.py" "$version" | grep "^$version:"
done <<'LIST' | tee "$scratch/seen"
4.2.23 3.11
5.0.1 3.11
5.2.3 3.13
LIST
diff - "$scratch/seen" <<'WANTED'
4.2.23: before may, after may, in an update function may
5.0.1: before may, after may not, in an update function may
5.2.3: before may, after may, in an update function may
WANTED
