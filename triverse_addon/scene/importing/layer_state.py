# SPDX-License-Identifier: GPL-3.0-or-later
"""
Take over how a collection is shown: whether it is hidden, and what its view layers store about it.

Floor: second. Thread: main. Imports ``bpy``.

View layers store it for each parent that a collection is linked to, and also for the collections inside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import bpy

from ..worker import asset_collection

_OF_COLLECTION = ("hide_render", "hide_viewport", "hide_select")
#: Excluding comes first: it is applied to the collections inside, too.
_OF_LAYER = ("exclude", "hide_viewport", "holdout", "indirect_only")


@dataclass(frozen=True, slots=True)
class LayerState:
    """
    How a collection is shown.

    :ivar hidden: values of the properties of the collection itself.
    :ivar layers: values of the properties of its layer collections, by their places. In a place, ``None`` stands for
        the collection.
    """

    hidden: tuple[bool, ...]
    layers: dict[tuple[object, ...], tuple[bool, ...]]


def objects_in(layer: bpy.types.ViewLayer) -> set[bpy.types.Object]:
    """
    Return the objects of a view layer. To look for thousands among them by their names takes seconds.

    Blender's own list may be the one from before the last change; to ask for the active object brings it up to date
    (4.2 to 5.3).
    """
    _ = layer.objects.active
    return set(layer.objects)


def remember(collection: bpy.types.Collection) -> LayerState:
    """Return how ``collection`` is shown in all scenes."""
    return LayerState(
        tuple(getattr(collection, name) for name in _OF_COLLECTION),
        {place: tuple(getattr(layer, name) for name in _OF_LAYER) for place, layer in _inside(collection)},
    )


def apply(state: LayerState, collection: bpy.types.Collection) -> None:
    """Show ``collection``, which was linked in the place of another, as that was shown."""
    for name, value in zip(_OF_COLLECTION, state.hidden, strict=True):
        setattr(collection, name, value)
    for place, layer in _inside(collection):
        for name, value in zip(_OF_LAYER, state.layers.get(place, ()), strict=False):
            # Of what is inside an excluded collection, nothing is shown.
            if (value or place[-1] is None) and getattr(layer, name) != value:
                setattr(layer, name, value)


def _inside(collection: bpy.types.Collection) -> Iterator[tuple[tuple[object, ...], bpy.types.LayerCollection]]:
    """Yield the layer collections of ``collection`` and of those inside it with their places, parents first."""
    for scene, layer, top in asset_collection.layer_collections():
        yield from _below(top, collection, (scene, layer.name), is_inside=False)


def _below(
    layer: bpy.types.LayerCollection, collection: bpy.types.Collection, place: tuple[object, ...], *, is_inside: bool
) -> Iterator[tuple[tuple[object, ...], bpy.types.LayerCollection]]:
    is_it = layer.collection == collection
    here = (*place, None if is_it else layer.collection)
    if is_inside or is_it:
        yield here, layer
    for child in layer.children:
        yield from _below(child, collection, here, is_inside=is_inside or is_it)
