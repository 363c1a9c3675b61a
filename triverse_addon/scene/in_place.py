# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import a GLB in the user's own Blender, where no child Blender can be started.

Floor: second. Thread: main, which it blocks for seconds at a million triangles. Imports ``bpy``.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import bpy

from ..api.sentence import Sentence
from . import gltf_import, thumbnail, tidy
from .errors import SceneError
from .refusals import sentence_for
from .shelf import CATALOG_ID
from .spot import Spot, place

_log = logging.getLogger(__name__)


def import_model(
    glb_path: Path,
    scene: bpy.types.Scene,
    *,
    name: str,
    preview_path: Path | None = None,
    properties: Mapping[str, str | int | float] | None = None,
    tags: Sequence[str] = (),
    spot: Spot | None = None,
) -> bpy.types.Collection:
    """
    Import a GLB with the same result that converting and appending has.

    The user's mode, selection and active object are as before when it returns.

    :raises SceneError: the importer does not take the file; the scene is as it was.
    """
    if scene.library is not None:
        raise SceneError(
            Sentence.of("The scene {scene} is linked from another file and cannot be changed.", scene=scene.name)
        )
    properties = properties or {}
    scenes = set(bpy.data.scenes)
    with _as_it_was(scene):
        try:
            objects = gltf_import.read(str(glb_path.resolve()))
        except gltf_import.RefusedError as error:
            raise SceneError(sentence_for(error.kind, error.detail)) from None
        collection = tidy.gather(objects, name)
        scene.collection.children.link(collection)
        for made in set(bpy.data.scenes) - scenes:
            bpy.data.scenes.remove(made)
        tidy.remove_wrappers(collection)
        tidy.name_single_object(collection)
        for obj in collection.objects:
            obj.select_set(False)
    tidy.mark_asset(
        collection,
        properties=properties,
        tags=list(tags),
        description=str(properties.get("triverse_prompt", "")),
        catalog_id=CATALOG_ID,
    )
    if preview_path is not None:
        try:
            thumbnail.make(preview_path, None, collection)
        except thumbnail.PictureError as error:
            _log.info("No preview for %s: %s", collection.name, error)
    if spot is not None:
        place(collection.objects, spot)
    return collection


@contextmanager
def _as_it_was(scene: bpy.types.Scene) -> Iterator[None]:
    """
    Show the importer ``scene`` in Object Mode, and give the user everything back afterwards.

    The importer works from any mode but leaves Object Mode behind, and selects what it made (measured). A scene that
    is only overridden in the context, and not the window's, crashed Blender 5.0.1 inside the importer's operator.
    """
    context = bpy.context
    # Timers have no window in their context. Even in background there is one.
    window = context.window or context.window_manager.windows[0]
    with context.temp_override(window=window, screen=window.screen):
        shown, users_layer = window.scene, window.view_layer
        active = users_layer.objects.active
        mode = active.mode if active is not None else "OBJECT"
        in_mode = [obj for obj in users_layer.objects if obj.mode == mode] if mode != "OBJECT" else []
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        if shown != scene:
            window.scene = scene
        layer = window.view_layer
        selected = [obj for obj in layer.objects if obj.select_get()]
        layers_active = layer.objects.active
        collection = layer.active_layer_collection
        # The importer would put several glTF scenes into the active collection, which may be excluded or linked.
        layer.active_layer_collection = layer.layer_collection
        try:
            yield
        finally:
            for obj in layer.objects:
                obj.select_set(obj in selected)
            layer.objects.active = layers_active
            layer.active_layer_collection = collection
            if window.scene != shown:
                window.scene = shown
                window.view_layer = users_layer
            if mode != "OBJECT":
                _enter(mode, in_mode)


def _enter(mode: str, objects: list[bpy.types.Object]) -> None:
    """Go back to ``mode`` with ``objects``: Blender takes all that are selected."""
    not_selected = [obj for obj in objects if not obj.select_get()]
    for obj in not_selected:
        obj.select_set(True)
    bpy.ops.object.mode_set(mode=mode)
    for obj in not_selected:
        obj.select_set(False)
