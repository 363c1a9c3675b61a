# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run by ``test_foreign_world`` in a Blender with a studio's colours: does everything with pictures, and tells as JSON.

``python in_a_studio.py FOLDER GLB``. Blender reads ``OCIO`` when it starts, so this cannot be a test itself. On
``PYTHONPATH`` are the checkout, and the folder of the workers, whose modules a child loads as plain ones.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import bpy
import contact_sheet
import preview_render
from job_format import SheetTile

from tests.blender import glbs
from tests.blender.test_library import write
from tests.blender.test_prepare import pixel, prepare
from tests.blender.test_sources import paint
from triverse_addon.api.flows import Kind
from triverse_addon.batch.library.asset_writer import Tile
from triverse_addon.scene.capture import image_sources
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.scene.worker.colours import choices, show_plainly


def spaces(images: list[bpy.types.Image]) -> dict[str, list[object]]:
    """Name and meaning of each picture's colour space, and notes that are left; by the picture's last word."""
    return {
        image.name.partition(".")[0].split()[-1]: [
            image.colorspace_settings.name,
            image.colorspace_settings.is_data,
            [*image.keys()],
        ]
        for image in images
    }


def main(folder: Path, glb: Path) -> dict[str, object]:
    """Everything."""
    told: dict[str, object] = {}
    scene = bpy.context.scene
    told["views"] = choices(scene.view_settings, "view_transform")
    told["looks"] = choices(scene.view_settings, "look")
    told["is_plain"] = show_plainly(scene)

    # What a child made of a model, appended here; and read here where there is no child.
    converted = glbs.convert(glb, folder / "converted")
    told["thumbnail"] = converted.thumbnail_path is not None
    before = set(bpy.data.images)
    append_model(converted.blend_path, scene)
    told["appended"] = spaces([image for image in bpy.data.images if image not in before])
    before = set(bpy.data.images)
    preview = glbs.picture(folder / "preview.png", 64, 64)
    in_place = import_model(glb, scene, name="in place", preview_path=preview)
    told["in_place"] = spaces([image for image in bpy.data.images if image not in before])
    told["preview"] = [*in_place.preview.image_size]

    # Pictures of Blender's, as files to be uploaded.
    told["painted"] = pixel(image_sources.from_image(paint(), folder / "own"))
    told["painted_light"] = pixel(
        image_sources.from_image(paint("Light", is_float=True, colour=(0.2158605, 0.0, 1.0, 0.5)), folder / "own")
    )
    tga = image_sources.from_image(paint("Again"), folder / "own")
    told["prepared"] = pixel(prepare(tga, Kind.IMAGE, folder / "prepared"))

    # A library, with a picture that is drawn and a contact sheet.
    writer = ChildAssetWriter(child_command("library_worker"), folder / "work")
    try:
        asset = write(writer, folder / "library", glb)
        picture = folder / "library" / asset.files["thumbnail"]
        sheets = writer.draw_sheets(folder / "library", [Tile(picture, ("Vase", "1"))], threading.Event())
    finally:
        writer.close()
    told["sheet"] = pixel(sheets[0])

    # A render of the user's own; and ours, should a child have such colours too (a studio's own Blender).
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render()
    told["render"] = image_sources.last_render(scene, folder / "own").is_file()
    preview_render.draw(in_place, folder / "rendered_preview.png")
    told["rendered_preview"] = (folder / "rendered_preview.png").is_file()
    told["own_sheet"] = len(contact_sheet.draw([SheetTile(str(preview), ("Vase",))], folder / "sheet"))
    return told


if __name__ == "__main__":
    told = main(Path(sys.argv[1]), Path(sys.argv[2]))
    Path(sys.argv[1], "told.json").write_text(json.dumps(told))
