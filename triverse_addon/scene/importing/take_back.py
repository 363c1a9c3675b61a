# SPDX-License-Identifier: GPL-3.0-or-later
"""
Take back an import that broke off, so that Retry does not add a second model.

Floor: second. Thread: main. Imports ``bpy``.
"""

from collections.abc import Callable, Iterable

import bpy

from . import imported_models, orphan_data
from .layer_state import objects_in


class Attempt:
    """
    An import that may break off. Make it before the import.

    :param displaced: the objects that the import hides.
    :param scene: the scene of the import.
    """

    def __init__(self, displaced: Iterable[bpy.types.Object], scene: bpy.types.Scene) -> None:
        self._collections = _session_uids(bpy.data.collections)
        self._objects = _session_uids(bpy.data.objects)
        self._show_again = _shown_as_now(list(displaced), scene)
        self._is_settled = False

    def settle(self) -> None:
        """Keep what was imported, whatever happens: from now on, what was there before is changed or removed."""
        self._is_settled = True

    def take_back(self) -> bool:
        """
        Remove what was imported with its data, and show what it has hidden.

        :return: False if the import was settled; then everything is as it is.
        """
        if self._is_settled:
            return False
        made = [one for one in bpy.data.collections if one.session_uid not in self._collections and not one.library]
        inside = dict.fromkeys(obj for one in made for obj in one.objects)
        objects = [obj for obj in inside if obj.session_uid not in self._objects]
        used = orphan_data.used_by(objects)
        bpy.data.batch_remove([*objects, *made])
        orphan_data.remove_unused(used)
        imported_models.forget()
        self._show_again()
        return True


def _session_uids(blocks: Iterable[bpy.types.ID]) -> frozenset[int]:
    return frozenset(one.session_uid for one in blocks)


def _shown_as_now(objects: list[bpy.types.Object], scene: bpy.types.Scene) -> Callable[[], None]:
    """Return a function that hides, shows and selects ``objects`` as they are now."""
    hidden = [(obj, obj.hide_render, obj.hide_viewport) for obj in objects]
    layers = []
    for layer in scene.view_layers:
        inside = objects_in(layer) if objects else set()
        states = [
            (obj, obj.hide_get(view_layer=layer), obj.select_get(view_layer=layer)) for obj in objects if obj in inside
        ]
        layers.append((layer, states, layer.objects.active))

    def show_again() -> None:
        for obj, in_render, in_viewport in hidden:
            obj.hide_render, obj.hide_viewport = in_render, in_viewport
        for layer, states, active in layers:
            for obj, is_hidden, is_selected in states:
                if obj.hide_get(view_layer=layer) != is_hidden:
                    obj.hide_set(is_hidden, view_layer=layer)
                obj.select_set(is_selected, view_layer=layer)
            if states and layer.objects.active != active:
                layer.objects.active = active

    return show_again
