# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a property with choices holds, whatever number is stored in it.

Floor: third. Thread: main. Imports ``bpy``. Reads memory only, so that drawing may ask.

Blender stores an enum as a number, and one that belongs to no entry reads as "", which nothing can be looked up by.
Such numbers come from versions of the add-on that had other entries, and from a hand: a menu of Blender 4.3 carries
the number as a 32-bit float (measured), so that the checksums that stood for names in version 0.1.0 came back changed.
"""

import zlib
from typing import Any

import bpy

#: Largest number that a 32-bit float and all smaller ones carry whole.
LARGEST_NUMBER = 2**24
#: By so much, the nearest 32-bit float is off a number of 30 bits at most.
_ROUNDED_BY = 32


def chosen(group: Any, name: str) -> str:
    """
    Return the entry that the enum ``name`` of a property group holds.

    For a number that belongs to none, the entry that it stood for in version 0.1.0, else the default.
    """
    declared = group.bl_rna.properties[name]
    number = _stored(group, name)
    if number is None:
        return str(getattr(group, name) or declared.default)
    for item in declared.enum_items:
        if item.value == number:
            return str(item.identifier)
    return _chosen_in_0_1_0(number, declared.enum_items.keys()) or str(declared.default)


def is_known(group: Any, name: str) -> bool:
    """Tell whether the stored number belongs to an entry. Without one, the property has its default."""
    number = _stored(group, name)
    return number is None or any(item.value == number for item in group.bl_rna.properties[name].enum_items)


def mend(group: Any) -> bool:
    """Store what :func:`chosen` returns wherever a number belongs to no entry, in all of ``group``; tell if any did."""
    changed = False
    for declared in group.bl_rna.properties:
        name = declared.identifier
        if name == "rna_type":
            continue
        if declared.type == "ENUM" and not is_known(group, name):
            setattr(group, name, chosen(group, name))
            changed = True
        elif declared.type == "POINTER" and isinstance(getattr(group, name), bpy.types.PropertyGroup):
            changed |= mend(getattr(group, name))
    return changed


def draw(layout: bpy.types.UILayout, group: Any, name: str, **how: Any) -> None:
    """Draw the enum ``name`` as ``layout.prop`` does; a number that belongs to no entry as what :func:`chosen` says."""
    if is_known(group, name):
        layout.prop(group, name, **how)
        return
    # Drawing may not write, and a scene that is linked from a library cannot be mended at all.
    item = group.bl_rna.properties[name].enum_items[chosen(group, name)]
    layout.prop_menu_enum(group, name, text=item.name)


def _stored(group: Any, name: str) -> int | None:
    """Return the number in the file; None when none is stored."""
    # Blender 5 keeps what is declared apart from what scripts add.
    kept = group.bl_system_properties_get() if hasattr(group, "bl_system_properties_get") else group
    number = kept.get(name) if kept is not None else None
    return number if isinstance(number, int) else None


def _chosen_in_0_1_0(number: int, entries: list[str]) -> str | None:
    """Return the entry whose checksum in 30 bits the number is, or is as near to as a 32-bit float comes."""
    if number <= LARGEST_NUMBER:
        return None
    checksums = {entry: zlib.crc32(entry.encode()) & 0x3FFFFFFF for entry in entries}
    return next((entry for entry, checksum in checksums.items() if abs(checksum - number) <= _ROUNDED_BY), None)
