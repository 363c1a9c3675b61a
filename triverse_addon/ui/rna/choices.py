# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read enum properties safely when the stored number belongs to no enum item.

Floor: third. Thread: main. Imports ``bpy``. Reads memory only, so it can be called from ``draw()``.

Blender stores an enum as a number. A number without an item reads as "", which is no valid identifier. Such numbers
come from versions of the add-on with other items, and from choosing an item by hand: a menu of Blender 4.3 passes the
number as a 32-bit float (measured), so the checksums that version 0.1.0 used as item numbers were stored rounded.
"""

import zlib
from typing import Any

import bpy

#: A 32-bit float represents every integer up to this one exactly.
LARGEST_NUMBER = 2**24
#: Largest difference between a 30-bit integer and the nearest 32-bit float.
_ROUNDED_BY = 32


def chosen(group: Any, name: str) -> str:
    """
    Return the identifier of the selected item of an enum property.

    If the stored number belongs to no item, return the item that it meant in version 0.1.0, or else the default.

    :param group: the property group that holds the property.
    :param name: identifier of the enum property.
    """
    declared = group.bl_rna.properties[name]
    number = _stored(group, name)
    if number is None:
        return str(getattr(group, name) or declared.default)
    for item in declared.enum_items:
        if item.value == number:
            return str(item.identifier)
    return _chosen_in_0_1_0(number, declared.enum_items.keys()) or str(declared.default)


def tooltip(properties: bpy.types.OperatorProperties, name: str) -> str:
    """
    Return the description of the selected item of an operator's enum property, for its button.

    :param properties: as ``description()`` gets them. The operator class's own ``bl_rna`` does not contain the items.
    """
    declared: Any = properties.bl_rna.properties[name]
    return str(declared.enum_items[chosen(properties, name)].description)


def is_known(group: Any, name: str) -> bool:
    """Return whether the stored number belongs to an item. True if none is stored: the property has its default."""
    number = _stored(group, name)
    return number is None or any(item.value == number for item in group.bl_rna.properties[name].enum_items)


def repair(group: Any) -> bool:
    """
    Replace enum numbers without an item by the item that :func:`chosen` returns, also in nested property groups.

    :returns: whether any value was changed.
    """
    changed = False
    for declared in group.bl_rna.properties:
        name = declared.identifier
        if name == "rna_type":
            continue
        if declared.type == "ENUM" and not is_known(group, name):
            setattr(group, name, chosen(group, name))
            changed = True
        elif declared.type == "POINTER" and isinstance(getattr(group, name), bpy.types.PropertyGroup):
            changed |= repair(getattr(group, name))
    return changed


def draw(layout: bpy.types.UILayout, group: Any, name: str, **how: Any) -> None:
    """
    Draw the enum property ``name`` as ``layout.prop`` does.

    If its number belongs to no item, draw a menu with the name of the item that :func:`chosen` returns.

    :param how: keyword arguments for ``layout.prop``.
    """
    if is_known(group, name):
        layout.prop(group, name, **how)
        return
    # The value cannot be corrected here: draw() must not write, and a scene linked from a library is read-only.
    item = group.bl_rna.properties[name].enum_items[chosen(group, name)]
    layout.prop_menu_enum(group, name, text=item.name)


def _stored(group: Any, name: str) -> int | None:
    """Return the stored number of an enum property, or None if none is stored."""
    # Blender 5 stores declared properties separately from custom properties.
    kept = group.bl_system_properties_get() if hasattr(group, "bl_system_properties_get") else group
    number = kept.get(name) if kept is not None else None
    return number if isinstance(number, int) else None


def _chosen_in_0_1_0(number: int, entries: list[str]) -> str | None:
    """Return the entry whose 30-bit checksum equals ``number`` within the rounding error of a 32-bit float."""
    if number <= LARGEST_NUMBER:
        return None
    checksums = {entry: zlib.crc32(entry.encode()) & 0x3FFFFFFF for entry in entries}
    return next((entry for entry, checksum in checksums.items() if abs(checksum - number) <= _ROUNDED_BY), None)
