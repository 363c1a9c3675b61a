# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import a GLB in the user's own Blender, for machines on which no child Blender can be started.

Floor: second. Thread: main, which is blocked for seconds by a model of a million triangles. Imports ``bpy``.
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
from .placement import TargetTransform, place

_log = logging.getLogger(__name__)


def import_model(
    glb_path: Path,
    scene: bpy.types.Scene,
    *,
    name: str,
    preview_path: Path | None = None,
    properties: Mapping[str, str | int | float] | None = None,
    tags: Sequence[str] = (),
    target: TargetTransform | None = None,
    history: list[tuple[str, Sentence]] | None = None,
    merge: bool = False,
    smooth_deg: int = 0,
) -> bpy.types.Collection:
    """
    Import a GLB, with the same result as converting it in a child and appending the .blend.

    The user's mode, selection and active object are restored.

    :param glb_path: path of the GLB.
    :param scene: the scene to link the collection to.
    :param name: name of the collection.
    :param preview_path: image for the asset's preview; None for none.
    :param properties: custom properties of the collection.
    :param tags: asset tags.
    :param target: position and size of the model; None keeps those of the file.
    :param history: list that the entries for the task's history, as (level, message), are appended to.
    :param merge: see :class:`tasks.record.Placement`; likewise ``smooth_deg``.
    :return: the collection, a child of the scene's own collection.
    :raises SceneError: the importer cannot read the file, or the scene is linked from another file; the scene is
        unchanged.
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
    if history is not None:
        history += Missing(**dataclasses.asdict(made.missing)).history_lines()
    geometry.rework([*made.shown, *made.others], merge=merge, smooth_deg=smooth_deg)
    collection = asset_collection.collect(made.shown, made.others, name)
    asset_collection.store_variants(collection, made.variants)
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
    if target is not None:
        place(collection, target)
    return collection
