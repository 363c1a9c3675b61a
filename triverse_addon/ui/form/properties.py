# SPDX-License-Identifier: GPL-3.0-or-later
"""
The properties that the add-on stores in .blend files and in Blender's window manager.

Floor: third. Thread: main. Imports ``bpy``.

There is one property on Scene and one on WindowManager, both named ``triverse``. Neither holds the API key, because
.blend files are shared. Neither holds a time: a FloatProperty has 32 bits, a resolution of 128 s for current Unix
times. The list's rows hold ids and names only. Everything else is read from the engine, because Blender clears the rows
when a file is loaded.

No property has an update, get or set callback: with one in a property group, Blender 4.2's Python module crashes when
the process exits after the group was unregistered (measured, 4.2.23). Changes by the user are noticed at the next tick.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty
from idprop.types import IDPropertyGroup

from ...api.flows import Flow
from ...api.sentence import Sentence
from ..rna import choices
from ..rna.members import scene_props
from ..text.translate import OWN_CONTEXT
from . import inputs, mesh_options
from . import placement as placing


def _flow_item(name: str) -> tuple[str, str, str, str, int]:
    flow = inputs.PANEL_FLOWS[name]
    icon = "EXPERIMENTAL" if flow.experimental else "NONE"
    return name, flow.label, flow_tooltip(flow), icon, flow.number


def flow_tooltip(flow: Flow, translate: Callable[[str], str] = str) -> str:
    """
    Return the tooltip of a flow's menu item. It has no full stop, because Blender adds one to tooltips.

    :param translate: translates the texts of the flow.
    """
    description = translate(flow.description)
    if not flow.experimental:
        return description
    sentence = Sentence.of(
        "{description}. Experimental: {reason}", description=description, reason=translate(flow.experimental)
    )
    return sentence.translated(translate).rstrip(".。")


def _scene_members() -> dict[str, Any]:
    members: dict[str, Any] = {
        "flow": EnumProperty(
            name="What to Make",
            description="What is made, and from what",
            items=[_flow_item(name) for name in inputs.PANEL_FLOWS],
            default=next(iter(inputs.PANEL_FLOWS)),
        ),
        "scene_id": StringProperty(
            name="Scene ID",
            description="By this, a model finds back to the scene that asked for it",
            options={"HIDDEN"},
        ),
        "is_seeded": BoolProperty(
            name="Has Settings",
            description="The settings used last were taken over, as far as the scene had none of its own",
            options={"HIDDEN"},
        ),
        "example": StringProperty(
            name="Example",
            description="The settings from before the example was filled in",
            options={"HIDDEN"},
        ),
        # Id of the task whose inputs were loaded last: undo takes it back with these.
        "loaded_from": StringProperty(options={"HIDDEN"}),
        "shared": PointerProperty(type=inputs.SharedInputs),
        "placing": PointerProperty(type=placing.TriversePlacing),
        "mesh_options": PointerProperty(type=mesh_options.TriverseMeshOptions),
        "use_selection": BoolProperty(
            name="Use Selection",
            description="Send the selected objects and put the result in their place. Off, a file is sent",
            default=True,
        ),
    }
    for name, group in inputs.FLOW_SETTINGS.items():
        members[inputs.attribute(name)] = PointerProperty(type=group)
    return members


class TriverseScene(bpy.types.PropertyGroup):
    """The panel's inputs, stored per scene."""

    __annotations__ = _scene_members()


class TriverseRow(bpy.types.PropertyGroup):
    """One row of the task list: the id and the name of a task."""

    if TYPE_CHECKING:
        task_id: str
        title: str
    else:
        task_id: StringProperty(name="Task", options={"HIDDEN"})
        title: StringProperty(name="Name", description="Double-click to rename")


class TriverseBatchRow(bpy.types.PropertyGroup):
    """One row of the batch table. Blender's ``name`` property holds its title, for the search."""

    if TYPE_CHECKING:
        index: int
        problems: str
    else:
        index: IntProperty(name="Place", options={"HIDDEN"})
        # Text of the row's tooltip.
        problems: StringProperty(options={"HIDDEN"})


class TriverseWindowManager(bpy.types.PropertyGroup):
    """List rows, search, filter and batch settings, shared by all windows of this Blender."""

    if TYPE_CHECKING:
        rows: Any
        active: int
        search: str
        show: str
        this_file: bool
        variants: int
        improving: str
        starred: bool
        project: str
        tag: str
        made_in: str
        batch_rows: Any
        batch_active: int
        batch_jobs: int
    else:
        rows: CollectionProperty(type=TriverseRow)
        active: IntProperty(name="Chosen Task", default=-1)
        search: StringProperty(
            name="Search",
            description="Show only tasks with these words in their name, prompt, tags or project",
            options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
        )
        show: EnumProperty(
            name="Show",
            translation_context=OWN_CONTEXT,
            description="Which tasks the list shows",
            items=(
                ("ALL", "All", "All tasks", 0),
                ("ACTIVE", "Active", "Tasks that are under way", 1),
                ("READY", "Ready", "Tasks whose model can be imported and was not yet", 2),
                ("IMPORTED", "Imported", "Tasks whose model was imported", 3),
                ("FAILED", "Failed", "Tasks that failed, were cancelled, or are not known to the service any more", 4),
                ("PUT_AWAY", "Put Away", "Tasks that you have put away, such as the variants that were not kept", 5),
            ),
        )
        this_file: BoolProperty(
            name="This File Only",
            description="Show only tasks whose model was made for the open file, or imported into it",
        )
        # Not stored with a scene, and 1 again after each order: nobody should order four by accident.
        variants: IntProperty(
            name="Variants",
            description=(
                "How many variants of the same wish are made, to keep one of them. Each is an order of its own, with "
                "its own price"
            ),
            default=1,
            min=1,
            max=8,
            options={"SKIP_SAVE"},
        )
        # Id of the task that writes a better prompt for the panel's, until that is used or not wanted.
        improving: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        starred: BoolProperty(name="Favourites Only", description="Show only tasks with a star")
        project: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        tag: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        # Path of a .blend: without a project of their own, tasks belong to the file that they were made in.
        made_in: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
        batch_rows: CollectionProperty(type=TriverseBatchRow)
        batch_active: IntProperty(name="Chosen Row")
        batch_jobs: IntProperty(
            name="Tasks at Once",
            description="How many models of a batch are made at the same time",
            default=8,
            min=1,
            max=1000,
            soft_max=64,
        )


def repair(scene: bpy.types.Scene) -> bool:
    """
    Correct the enum values of ``scene`` that do not exist in this version; see :func:`choices.repair`.

    Also delete the values of before Blender 5.0, a prompt among them, which 5.0 keeps in a file for good beside those
    that the panel shows (``findings/old-properties-stay.sh``).

    :returns: whether any value was changed. A scene that cannot be edited is left as it is.
    """
    if not scene.is_editable:
        return False
    if bpy.app.version >= (5, 0, 0) and isinstance(scene.get("triverse"), IDPropertyGroup):
        del scene["triverse"]
    return choices.repair(scene_props(scene))


CLASSES = (
    *inputs.CLASSES,
    *placing.CLASSES,
    *mesh_options.CLASSES,
    TriverseScene,
    TriverseRow,
    TriverseBatchRow,
    TriverseWindowManager,
)


def register() -> None:
    """Add the ``triverse`` properties to Scene and WindowManager."""
    bpy.types.Scene.triverse = PointerProperty(type=TriverseScene)  # type: ignore[attr-defined]
    bpy.types.WindowManager.triverse = PointerProperty(type=TriverseWindowManager)  # type: ignore[attr-defined]


def unregister() -> None:
    """Remove the ``triverse`` properties from Scene and WindowManager."""
    del bpy.types.WindowManager.triverse  # type: ignore[attr-defined]
    del bpy.types.Scene.triverse  # type: ignore[attr-defined]
