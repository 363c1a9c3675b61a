# SPDX-License-Identifier: GPL-3.0-or-later
"""
File handler for pictures dropped onto the 3D viewport or the sidebar.

Floor: third. Thread: main. Imports ``bpy``.

A single picture dropped onto the sidebar is put into the panel's picture field. For pictures dropped into the viewport,
one task each is made after a dialog that shows the price, so that a drop costs nothing by mistake. The model will stand
where the picture was dropped. If Blender has its own handlers for the same files (an empty that shows the image), it
lets the user choose between them in a menu, and runs the operator with the click in that menu. So the place is noted
when Blender asks who takes the files, which it does at the drop itself: by a timer that fires as soon as it may, since
then nothing but memory may be touched, and only an operator is told where the mouse is.
"""

import dataclasses
import os
import time
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatVectorProperty, StringProperty
from mathutils import Vector

from ...api.display_text import shown
from ...api.errors import InputError, TriverseError
from ...scripting import write_access
from ..form import last_used, placement
from ..form import request as form_request
from ..form.inputs import picture_suffixes
from ..rna.members import scene_props
from ..setup.operator_helpers import may_generate, session_or_report
from ..state import list_rows, runtime, source_pictures
from ..text.translate import tr, translate
from ..timers import app_timer, open_dialog
from ..viewport import under_mouse
from . import cost, image_operators, operators, picture_row, repeats

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...tasks.record.record import TaskRecord, TaskRequest

_WIDTH = 360
#: Number of file names shown in the dialog; the others are only counted.
_MOST_NAMES = 6
#: Edge of a picture in the dialog, in interface units.
_PICTURE_UNITS = 2.0


#: Time after which a place that was noted is not that of this drop any more, in seconds: a menu may be read for long.
_NOTED_FOR_S = 120.0


class _Place:
    """Where the mouse was when Blender asked who takes what is dropped, in pixels of the window, and when."""

    def __init__(self, x: int, y: int, region_type: str, noted_at_s: float) -> None:
        self.x, self.y, self.region_type, self.noted_at_s = x, y, region_type, noted_at_s


_noted: _Place | None = None
#: The region that was asked: name of the screen, numbers of the area and of the region.
_asked: tuple[str, int, int] | None = None


def _note_soon(context: bpy.types.Context) -> None:
    """Have the place noted as soon as an operator may be run."""
    global _asked
    areas = context.screen.areas
    regions = context.area.regions
    _asked = (context.screen.name, list(areas).index(context.area), list(regions).index(context.region))
    if not bpy.app.timers.is_registered(_note):
        bpy.app.timers.register(_note, first_interval=0.0)


def _note() -> None:
    # In the first window only, which Blender gives to timers. Inside an override the operator would crash Blender now
    # and then while other threads run (docs/architecture.md).
    if bpy.context.window is not None and _asked_region(bpy.context.window) is not None:
        write_access.call(lambda: bpy.ops.triverse.note_drop("INVOKE_DEFAULT"))  # type: ignore[attr-defined]


def _asked_region(window: bpy.types.Window) -> bpy.types.Region | None:
    """Return the region that was asked, or None if it is not in this window, or is there no longer."""
    if _asked is None or window.screen.name != _asked[0]:
        return None
    _, area_number, region_number = _asked
    areas = window.screen.areas
    if area_number >= len(areas) or areas[area_number].type != "VIEW_3D":
        return None
    regions = areas[area_number].regions
    return regions[region_number] if region_number < len(regions) else None


def forget_place() -> None:
    """Forget what was noted, and note nothing more. Also for ``unregister()``."""
    global _asked, _noted
    _asked = _noted = None
    if bpy.app.timers.is_registered(_note):
        bpy.app.timers.unregister(_note)


def _taken() -> _Place | None:
    """Return the place that was noted for the drop at hand, and forget it."""
    place = _noted
    forget_place()
    return place if place is not None and time.monotonic() < place.noted_at_s + _NOTED_FOR_S else None


class TRIVERSE_OT_note_drop(bpy.types.Operator):
    """Remember where the mouse is, for what is dropped there"""

    bl_idname = "triverse.note_drop"
    bl_label = "Remember the Place"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Note the place, if the mouse is over the region that was asked."""
        global _noted
        region, x, y = _asked_region(context.window), event.mouse_x, event.mouse_y
        _noted = None
        if region is None:
            return {"CANCELLED"}
        # Blender does not hear of the mouse while another program drags, and may know an earlier place.
        if region.x <= x < region.x + region.width and region.y <= y < region.y + region.height:
            _noted = _Place(x, y, region.type, time.monotonic())
        return {"FINISHED"}


@open_dialog.follows_price
class TRIVERSE_OT_drop(bpy.types.Operator):
    """Make models from pictures, one from each"""

    bl_idname = "triverse.drop"
    bl_label = "Make Models with Triverse"
    # Not in the search (F3), where it has no pictures.
    bl_options = {"REGISTER", "INTERNAL"}

    if TYPE_CHECKING:
        directory: str
        files: Any
        location: tuple[float, float, float]
        has_location: bool
    else:
        directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
        files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
        location: FloatVectorProperty(
            name="Location",
            description="Where the model is to stand",
            subtype="TRANSLATION",
            options={"HIDDEN", "SKIP_SAVE"},
        )
        has_location: BoolProperty(options={"HIDDEN", "SKIP_SAVE"})

    _is_asked = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if a task can be made; see :func:`may_generate`."""
        return may_generate(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Put a single picture dropped onto the sidebar into the panel; otherwise open the dialog."""
        paths = self.paths()
        if not paths:
            return {"CANCELLED"}
        place = _taken() or _Place(event.mouse_x, event.mouse_y, context.region.type if context.region else "", 0.0)
        if len(paths) == 1 and place.region_type == "UI":
            from ...scene.importing import undo  # lazy import, as in runtime

            image_operators.put(context, paths[0])
            # An order, which this operator gives otherwise, changes nothing in the file, and is no step.
            undo.push(tr("Picture"))
            return {"FINISHED"}
        point = under_mouse.point_at(context, place.x, place.y, is_snap_switched=event.ctrl)
        if point is not None:
            self.location, self.has_location = (point.x, point.y, point.z), True
        self._is_asked = True
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=self.title(), confirm_text=tr("Generate")
        )

    def title(self) -> str:
        """Return the dialog's title, translated."""
        count = len(self.paths())
        return tr("Make a Model?") if count == 1 else tr("Make {count} Models?", count=count)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the file names, the flow and the price."""
        column = self.layout.column(align=True)
        names = [os.path.basename(path) for path in self.paths()]
        session = runtime.current()
        for path, name in zip(self.paths()[:_MOST_NAMES], names, strict=False):
            seen = source_pictures.shown_input(session, path) if session is not None else None
            row = column.row()
            if seen is not None and seen[0]:
                picture = row.row()
                picture.ui_units_x = _PICTURE_UNITS
                picture.template_icon(icon_value=seen[0], scale=_PICTURE_UNITS)
                row.label(text=f"{shown(name)} · {picture_row.size(seen[1])}", translate=False)
            else:
                row.label(text=shown(name), icon="IMAGE_DATA", translate=False)
        if len(names) > _MOST_NAMES:
            column.label(text=tr("and {count} more", count=len(names) - _MOST_NAMES), translate=False)
        column.separator()
        flow = form_request.picture_flow(context)
        column.label(text=tr("{flow}, with the settings of the panel.", flow=flow.label), translate=False)
        # The price may arrive while the dialog is open.
        draft = form_request.draft(context, flow)
        cost.draw_price(column, draft, len(names), is_repeat=bool(_repeated(context, draft, self.paths())))

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Submit one task per picture. Invalid pictures are reported and skipped; any other error ends the loop."""
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        session.apply_settings()
        request = form_request.build(context, form_request.picture_flow(context))
        paths = self.paths()
        # If the balance is too low for all pictures, submit none: the user decides which ones to leave out.
        if operators.report_insufficient_credits(self, request, len(paths)):
            return {"CANCELLED"}
        asked, self._is_asked = self._is_asked, False
        if repeated := _repeated(context, request, paths):
            if not asked and repeats.report_just_ordered(
                self, context, form_request.with_picture(request, repeated[0])
            ):
                return {"CANCELLED"}
            request = dataclasses.replace(request, allow_duplicate=True)
        made: list[TaskRecord] = []
        rejected = []
        for path in paths:
            placed = self._placed(context, request, is_first=not made)
            one = form_request.with_picture(placed, path)
            try:
                made.append(form_request.submit(session.engine, one))
                session.orders.add(form_request.fingerprint(context, one), (made[-1].id,), cost.known_cost(one))
            except InputError as error:
                rejected.append(error)
            except TriverseError as error:
                self.report({"WARNING"}, translate(error.sentence))
                break
        for error in rejected:
            self.report({"WARNING"}, translate(error.sentence))
        if not made:
            return {"CANCELLED"}
        last_used.save(scene_props(context.scene), request.flow)
        session.price.request_balance()
        list_rows.choose(session, made[-1].id)
        return app_timer.finish_operator()

    def _placed(self, context: bpy.types.Context, request: "TaskRequest", *, is_first: bool) -> "TaskRequest":
        """Return the request for a model that stands where the pictures were dropped, or next to the first one."""
        if not self.has_location:
            return request
        where = placement.moved_to(context, request.placement, Vector(self.location))
        return dataclasses.replace(request, placement=dataclasses.replace(where, step_aside=not is_first))

    def paths(self) -> list[str]:
        """Return the absolute paths of the pictures."""
        return [os.path.join(self.directory, file.name) for file in self.files if file.name]


def _repeated(context: bpy.types.Context, request: "TaskRequest", paths: list[str]) -> list[str]:
    """Return the pictures from which the same was ordered a moment ago."""
    return [path for path in paths if repeats.is_just_ordered(context, form_request.with_picture(request, path))]


class TRIVERSE_FH_pictures(bpy.types.FileHandler):
    """Pictures for Triverse."""

    bl_idname = "TRIVERSE_FH_pictures"
    bl_label = "Make Models with Triverse"
    bl_import_operator = "triverse.drop"
    bl_file_extensions = ";".join(picture_suffixes())

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Return True over a 3D viewport, which includes its sidebar, and note the place."""
        if context.area is None or context.area.type != "VIEW_3D":
            return False
        if not bpy.app.background and context.region is not None:
            _note_soon(context)
        return True


CLASSES = (TRIVERSE_OT_note_drop, TRIVERSE_OT_drop, TRIVERSE_FH_pictures)
