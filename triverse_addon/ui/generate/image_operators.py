# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that put a picture into the panel: an Image data-block, the last render, the clipboard; and their menu.

Floor: third. Thread: main. Imports ``bpy``. Each writes a file in the fastest available way and puts its path into the
panel. Slow processing is done by a worker after the task was submitted.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...api.errors import TriverseError
from .. import settings
from ..form import inputs, request
from ..rna.members import Icon, scene_props
from ..setup.operator_helpers import FillsInMixin
from ..text.translate import tr, tr_button, translate
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

_WIDTH = 320
_CHOICES: tuple[tuple[str, Icon], ...] = (
    ("triverse.paste_picture", "PASTEDOWN"),
    ("triverse.capture_viewport", "RESTRICT_VIEW_OFF"),
    ("triverse.capture_selection", "RESTRICT_SELECT_OFF"),
    ("triverse.capture_rectangle", "SELECT_SET"),
    ("triverse.use_render", "RENDER_RESULT"),
    ("triverse.use_image", "IMAGE_DATA"),
)


class IntoPicture(FillsInMixin):
    """
    Mixin for operators that put a picture into the panel.

    ``field`` is the name of the field; "" for the first field of the flow that takes a picture.
    """

    if TYPE_CHECKING:
        field: str
    else:
        field: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """
        Return the path or URL of the picture. To be overridden.

        :param folder: where to write the picture if it has no file.
        :raises TriverseError: there is no picture, or it cannot be written.
        """
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Write the picture and put its path into the panel."""
        try:
            path = self.picture(context, settings.sources_dir(create=True))
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        put(context, path, self.field)
        self.report({"INFO"}, tr("The picture is in the panel."))
        return {"FINISHED"}


class TRIVERSE_OT_use_image(IntoPicture, bpy.types.Operator):
    """Make a model from an image of this file, as it is now, saved or not"""

    bl_idname = "triverse.use_image"
    bl_label = "Use Image"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        image_name: str
    else:
        image_name: StringProperty(name="Image", description="An image of this file", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the file has an Image data-block."""
        if not bpy.data.images:
            cls.poll_message_set(tr("There is no image in this file."))
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a dialog to choose an image. The default is the one shown in an Image Editor."""
        if not self.image_name:
            self.image_name = _shown_image(context) or bpy.data.images[0].name
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=tr("Use Image"), confirm_text=tr("Use Image")
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw a search field with the images of this file."""
        self.layout.prop_search(self, "image_name", bpy.data, "images", text="")

    def picture(self, _context: bpy.types.Context, folder: Path) -> str:
        """Return the path of the image's own file, or of one written for it."""
        from ...api.errors import InputError
        from ...api.sentence import Sentence
        from ...scene.capture import image_sources  # lazy import, as in runtime

        image: bpy.types.Image | None = bpy.data.images.get(self.image_name)
        if image is None:
            raise InputError(Sentence.of("There is no image “{name}”.", name=self.image_name), field="image_name")
        return str(image_sources.from_image(image, folder))


class TRIVERSE_OT_use_render(IntoPicture, bpy.types.Operator):
    """Make a model from the last render"""

    bl_idname = "triverse.use_render"
    bl_label = "Use Last Render"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if there is a render result and no render is running."""
        if bpy.app.is_job_running("RENDER"):
            cls.poll_message_set(tr("A render is under way."))
            return False
        if not any(image.type == "RENDER_RESULT" for image in bpy.data.images):
            cls.poll_message_set(tr("Nothing was rendered yet."))
            return False
        return super().poll(context)

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """Write the last render to a file and return its path."""
        from ...scene.capture import image_sources

        return str(image_sources.last_render(context.scene, folder))


class TRIVERSE_OT_paste_picture(IntoPicture, bpy.types.Operator):
    """Make a model from the picture in the clipboard, or from the file or address that was copied"""

    bl_idname = "triverse.paste_picture"
    bl_label = "Paste Picture"
    bl_options = {"UNDO"}

    def picture(self, context: bpy.types.Context, folder: Path) -> str:
        """Return the path or URL of the picture in the clipboard; image data is written to a file."""
        from ...scene.capture import image_sources

        return str(image_sources.from_clipboard(context, folder))


class TRIVERSE_MT_picture(bpy.types.Menu):
    """Where a picture can come from."""

    bl_idname = "TRIVERSE_MT_picture"
    bl_label = "Picture"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the operators for the first field that takes a picture."""
        draw_choices(self.layout, request.picture_fields(_flow(context))[:1])
        self.layout.separator()
        self.layout.operator("triverse.picture_from_words", icon="SHADERFX")


def draw_choices(layout: bpy.types.UILayout, fields: list[str]) -> None:
    """
    Draw the operators that put a picture into the panel.

    :param fields: the first name is the field to use; empty for the default.
    """
    field = fields[0] if fields else ""
    alone = tr_button("Capture Selection Alone")
    for operator, icon in _CHOICES:
        # A dragged rectangle needs to be invoked; menus such as Add would execute it.
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(operator, icon=icon).field = field
        if operator == "triverse.capture_selection":
            row = layout.operator(operator, text=alone, icon="OBJECT_HIDDEN", translate=False)
            row.field, row.alone = field, True


def put(context: bpy.types.Context, path: str, field_name: str = "") -> None:
    """
    Put the path of a picture into the panel. If the selected flow takes no picture, select one that does.

    :param path: path or URL of the picture.
    :param field_name: name of the field; if the flow has no such picture field, its first one is used.
    """
    props = scene_props(context.scene)
    flow = _flow(context)
    if field_name not in request.picture_fields(flow):
        field_name = request.picture_fields(flow)[0]
    props.flow = flow.name
    field = flow.field(field_name)
    setattr(inputs.holder(props, flow, field), field.name, path)
    redraw.redraw()


def _flow(context: bpy.types.Context) -> "inputs.Flow":
    flow = inputs.chosen_flow(scene_props(context.scene))
    return flow if request.picture_fields(flow) else inputs.PANEL_FLOWS[request.PICTURE_FLOW]


def _shown_image(context: bpy.types.Context) -> str:
    """Return the name of the first image shown in an Image Editor, or "" if there is none."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            space = area.spaces.active
            if isinstance(space, bpy.types.SpaceImageEditor) and space.image is not None:
                return str(space.image.name)
    return ""


CLASSES = (
    TRIVERSE_OT_use_image,
    TRIVERSE_OT_use_render,
    TRIVERSE_OT_paste_picture,
    TRIVERSE_MT_picture,
)
