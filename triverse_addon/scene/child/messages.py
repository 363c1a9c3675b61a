# SPDX-License-Identifier: GPL-3.0-or-later
"""
Error messages for files that a child Blender could not read or write.

Floor: second. Thread: any. No ``bpy``.
"""

from ...api.sentence import Sentence
from ...tasks.glb.extensions import missing_decoder


def sentence_for(kind: str, detail: str = "") -> Sentence:
    """
    Return the message for an error reported by ``worker.gltf_import`` or ``worker.convert_worker``.

    :param kind: "numpy", "importer", "memory", "decoder", "empty", "foreign", "decimate", "no_size" or "disk"; any
        other value means "unreadable".
    :param detail: message of the importer or of the system, or the name of the decoder or of the foreign file.
    """
    if kind in ("numpy", "importer", "disk"):
        return machine_sentence(kind, detail)
    if kind == "memory":
        return Sentence.of("The model needs more memory than it may have here. The downloaded file is kept.")
    if kind == "decoder":
        return missing_decoder(detail)
    if kind == "foreign":
        return Sentence.of(
            "The model was refused, because it brought in a file of this computer ({name}). "
            "The downloaded file is kept.",
            name=detail,
        )
    if kind == "decimate":
        return Sentence.of(
            "This model does not get below {count} triangles: it consists of many small parts. Choose a larger number.",
            count=detail,
        )
    if kind == "no_size":
        return Sentence.of("This model has no volume, so it cannot get a hull.")
    if kind == "empty":
        return Sentence.of("The model file holds no object. The downloaded file is kept.")
    if not detail:
        return Sentence.of("Blender's glTF importer cannot read this model. The downloaded file is kept.")
    return Sentence.of(
        "Blender's glTF importer cannot read this model. It says: {detail}. The downloaded file is kept.",
        detail=detail.rstrip("."),
    )


def machine_sentence(kind: str, detail: str = "") -> Sentence:
    """
    Return the message for an error that has nothing to do with the file that was to be read.

    :param kind: "numpy", "importer", "exporter" or "disk".
    :param detail: for "disk", the message of the system.
    """
    if kind == "numpy":
        return Sentence.of(
            "Blender's glTF add-on needs the Python module numpy, which this Blender lacks. "
            "Install it (on Debian and Ubuntu: the package python3-numpy), then try again."
        )
    if kind == "importer":
        return Sentence.of(
            "This Blender has no glTF importer. Enable its add-on glTF 2.0 format in the preferences, then try again."
        )
    if kind == "exporter":
        return Sentence.of(
            "This Blender has no glTF exporter. Enable its add-on glTF 2.0 format in the preferences, then try again."
        )
    return Sentence.of("The file cannot be written: {reason}. Make room, then press Retry.", reason=detail)
