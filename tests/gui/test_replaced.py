# SPDX-License-Identifier: GPL-3.0-or-later
"""A model is replaced while the user is in the middle of something with the old one."""

from __future__ import annotations

from tests.gui.conftest import OpenWindow
from tests.gui.panel import COLLECTIONS, NEWEST, connected, generate, wait_for_stage
from tests.service.server import StandIn

POINTERS = "[one.as_pointer() for one in bpy.data.objects]"


def test_the_old_object_is_being_renamed(open_window: OpenWindow) -> None:
    """Blender writes the new name where the old object was: 4.3.2 ended then, in two of five tries."""
    with StandIn(speed=20, samples=("1k",)) as service:
        window = open_window(env=connected(service))
        generate(window, "A vase to stay")
        wait_for_stage(window, "imported")
        window.wait_for(f"'A vase to stay' in {COLLECTIONS}")
        window.run(
            """
            window = bpy.context.window_manager.windows[0]
            for one in window.view_layer.objects:
                one.select_set(False)
            (obj,) = [one for one in bpy.data.collections[name].all_objects if one.type == "MESH"]
            obj.select_set(True)
            window.view_layer.objects.active = obj
            state["old"], state["name"] = obj.as_pointer(), obj.name
            """,
            name="A vase to stay",
        )
        count = window.value("len(bpy.data.objects)")
        window.hover()
        # What F2 opens there.
        window.run("with override(): bpy.ops.wm.call_panel(name='TOPBAR_PT_name', keep_open=False)")
        window.wait_text("Object Name", limit_s=20)
        window.save_shot("renaming")
        window.run(f"with override(): bpy.ops.triverse.replace_imported(task_id={NEWEST}.id)")
        window.wait_for(f"len(bpy.data.objects) == {count + 1} and {NEWEST}.stage.value == 'imported'")
        assert window.value(f"state['old'] in {POINTERS}")
        window.key("ctrl+a", "7", "Return")
        window.pass_events()
        # What was typed went to the one that is no longer in the scene; the new one has its name.
        old = "[one for one in bpy.data.objects if one.as_pointer() == state['old']][0]"
        window.wait_for(f"({old}).name == '7' and not ({old}).users_collection", limit_s=20)
        made = "bpy.data.collections['A vase to stay'].all_objects"
        assert window.value(f"[one.name for one in {made} if one.type == 'MESH'] == [state['name']]")
        path = str(window.scratch / "saved.blend")
        window.run("with override(): bpy.ops.wm.save_as_mainfile(filepath=path)", path=path)
        assert window.value("len(bpy.data.objects)") == count
        assert window.value(f"state['old'] not in {POINTERS}")
