# SPDX-License-Identifier: GPL-3.0-or-later
"""
Import a GLB in the user's own Blender, for machines on which no child Blender can be started.

Floor: second. Thread: main, which is blocked for seconds by a model of a million triangles. Imports ``bpy``.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ...tasks.converter import Missing
from ..child.asset_library import CATALOG_ID
from ..child.messages import sentence_for
from ..host.errors import SceneError
from ..worker import asset_collection, gltf_import, thumbnail
from .origin import check_local
from .placement import TargetTransform, place


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
    :param merge: see :class:`tasks.record.record.Placement`; likewise ``smooth_deg``.
    :return: the collection, a child of the scene's own collection.
    :raises SceneError: the importer cannot read the file, or the scene is linked from another file; the scene is
        unchanged.
    """
    check_local(scene)
    properties = properties or {}
    try:
        collection, missing = asset_collection.import_glb(
            str(glb_path.resolve()), scene, name, gltf_import.units_of(scene), merge=merge, smooth_deg=smooth_deg
        )
    except gltf_import.RefusedError as error:
        raise SceneError(sentence_for(error.kind, error.detail)) from None
    if history is not None:
        history += Missing(**dataclasses.asdict(missing)).history_lines()
    asset_collection.mark_asset(
        collection,
        properties=properties,
        tags=tags,
        description=str(properties.get("triverse_prompt", "")),
        catalog_id=CATALOG_ID,
    )
    if preview_path is not None:
        thumbnail.try_make(preview_path, None, collection)
    if target is not None:
        place(collection, target)
    return collection
