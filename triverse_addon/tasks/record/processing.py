# SPDX-License-Identifier: GPL-3.0-or-later
"""
What Blender does with a model beyond reading it: for a row of a batch, and for one result of the list.

Floor: first. Thread: any (immutable). No ``bpy``. A child Blender gets the same as ``job_format.Processing``, because
it has nothing of this package.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..work_limits import LEAST_TRIANGLES, MOST_LODS, MOST_TRIANGLES


@dataclass(frozen=True, slots=True)
class Processing:
    """
    The processing of one model, in order of execution; only ``merge`` and ``smooth_deg`` come first.

    :ivar cleanup: join equal materials, remove unused slots and images, and name these after the model.
    :ivar decimate: largest number of triangles; 0 to keep all.
    :ivar height_m: height to scale the model to, in Blender's metres; 0.0 to keep it.
    :ivar ground: move the lowest point to the ground and the centre of the footprint to the origin.
    :ivar lods: number of additional levels of detail, each with half the triangles of the one before.
    :ivar hull: add a convex collision hull, named as game engines expect it.
    :ivar exports: export formats, keys of ``batch.rows.post_options.EXPORTS``.
    :ivar merge: merge vertices at the same position; seams, normals and UVs are kept.
    :ivar smooth_deg: shade meshes without normals smooth, except edges sharper than this angle in degrees; 0 for flat
        shading, as the format specifies.
    """

    cleanup: bool = False
    decimate: int = 0
    height_m: float = 0.0
    ground: bool = False
    lods: int = 0
    hull: bool = False
    exports: tuple[str, ...] = ()
    merge: bool = False
    smooth_deg: int = 0

    @property
    def needs_blender(self) -> bool:
        """Whether Blender is needed. The GLB alone is there already."""
        return self != Processing(exports=self.exports) or any(name != "glb" for name in self.exports)

    @property
    def needs_child(self) -> bool:
        """Whether only a child Blender can do it, because it changes what else is in the file."""
        return replace(self, merge=False, smooth_deg=0) != PLAIN

    def to_json(self) -> dict[str, object]:
        """Return the settings that differ from the defaults, as JSON types."""
        if self == PLAIN:
            return {}
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(PLAIN, name)
        }


#: What leaves a model as it was delivered.
PLAIN = Processing()


def from_stored(data: Mapping[str, Any]) -> Processing:
    """
    Return the work on one result as it was stored with a task. What is unknown or makes no sense is left out.

    Only what is stored is read: exports, size and position are a batch's, and smooth shading a placement's.
    """
    return Processing(
        merge=data.get("merge") is True,
        cleanup=data.get("cleanup") is True,
        decimate=_number(data, "decimate", LEAST_TRIANGLES, MOST_TRIANGLES),
        lods=_number(data, "lods", 1, MOST_LODS),
        hull=data.get("hull") is True,
    )


def _number(data: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = data.get(name)
    return value if type(value) is int and low <= value <= high else 0
