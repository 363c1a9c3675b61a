# SPDX-License-Identifier: GPL-3.0-or-later
"""
Why a model could not be read, in words.

Floor: second. Thread: any. No ``bpy``.
"""

from ..api.sentence import Sentence


def sentence_for(kind: str, detail: str = "") -> Sentence:
    """
    Return the sentence for a refusal of ``gltf_import`` or ``convert_worker``.

    :param kind: "numpy", "importer", "memory", "draco", "empty", "disk" or anything else, which means "unreadable".
    :param detail: the importer's or the system's own words.
    """
    if kind == "numpy":
        return Sentence.of(
            "Blender's glTF importer needs the Python module numpy, which this Blender lacks. "
            "Install it (on Debian and Ubuntu: the package python3-numpy), then press Retry."
        )
    if kind == "importer":
        return Sentence.of(
            "This Blender has no glTF importer. Enable its add-on glTF 2.0 format in the preferences, then press Retry."
        )
    if kind == "memory":
        return Sentence.of("The model needs more memory than it may have here. The downloaded file is kept.")
    if kind == "draco":
        return Sentence.of(
            "The model is compressed with Draco (KHR_draco_mesh_compression), and this Blender came without the "
            "library for it. The downloaded file is kept. Press Retry in a Blender from blender.org."
        )
    if kind == "empty":
        return Sentence.of("The model file holds no object. The downloaded file is kept.")
    if kind == "disk":
        return Sentence.of(
            "The converted model cannot be written: {reason}. Make room, then press Retry.", reason=detail
        )
    if not detail:
        return Sentence.of("Blender's glTF importer cannot read this model. The downloaded file is kept.")
    return Sentence.of(
        "Blender's glTF importer cannot read this model. It says: {detail}. The downloaded file is kept.",
        detail=detail.rstrip("."),
    )
