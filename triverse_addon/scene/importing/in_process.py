# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import a GLB in the user's own Blender, where no child Blender can be started.

Floor: second. Thread: main, which it blocks for seconds at a million triangles. Imports ``bpy``.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ...tasks.converter import Missing
from ..asset_library import CATALOG_ID
from ..child.messages import sentence_for
from ..errors import SceneError
from ..worker import asset_collection, geometry, gltf_import, thumbnail
from .placement import Spot, place

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
    told: list[tuple[str, Sentence]] | None = None,
    merge: bool = False,
    smooth_deg: int = 0,
) -> bpy.types.Collection:
    """
    Import a GLB with the same result that converting and appending has.

    :param told: gets what the task's history is to say of it, with levels.
    :param merge: see :class:`tasks.record.Placement`; likewise ``smooth_deg``.

    The user's mode, selection and active object are as before when it returns.

    :raises SceneError: the importer does not take the file; the scene is as it was.
    """
    if scene.library is not None:
        raise SceneError(
            Sentence.of("The scene {scene} is linked from another file and cannot be changed.", scene=scene.name)
        )
    properties = properties or {}
    try:
        made = gltf_import.read(str(glb_path.resolve()), gltf_import.units_of(scene))
    except gltf_import.RefusedError as error:
        raise SceneError(sentence_for(error.kind, error.detail)) from None
    if told is not None:
        told += Missing(**dataclasses.asdict(made.missing)).told()
    geometry.rework([*made.shown, *made.others], merge=merge, smooth_deg=smooth_deg)
    collection = asset_collection.collect(made.shown, made.others, name)
    asset_collection.note_variants(collection, made.variants)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    asset_collection.mark_asset(
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
        place(collection, spot)
    return collection
