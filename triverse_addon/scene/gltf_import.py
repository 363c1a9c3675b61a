# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run Blender's own glTF importer and find out what it made.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import logging
import re
from contextlib import nullcontext

import bpy

if __package__:
    from . import from_file
else:
    import from_file  # type: ignore[import-not-found,no-redef]

_log = logging.getLogger(__name__)

#: Asked for where the importer has them. 4.2 lacks the last two: it selects what it made and makes scenes.
_OPTIONS = {
    "import_pack_images": True,
    # The spheres that draw bones would arrive as objects of the model.
    "disable_bone_shape": True,
    "import_scene_extras": False,
    "import_select_created_objects": False,
    "import_scene_as_collection": True,
}


class RefusedError(Exception):
    """
    The importer did not take the file.

    :ivar kind: "numpy" (Blender's importer needs it and it is missing), "importer" (this Blender has no glTF importer),
        "memory", "decoder" (its library for a compression is missing), "empty" (the file holds no object), "foreign"
        (something came from another file than the model's) or "unreadable".
    :ivar detail: the importer's own words, or the name of what is meant, "" if there is none.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


def read(glb_path: str) -> list[bpy.types.Object]:
    """
    Read a GLB into the scene of the present context.

    :param glb_path: absolute path.
    :return: every object that is new, in whichever scene or collection the importer put it.
    :raises RefusedError: nothing usable came of it; what had been made before is removed.
    """
    try:
        import numpy  # noqa: F401 -- a Blender of a Linux distribution may lack it
    except ImportError as error:
        # A library of it that cannot be mapped under the memory cap is no missing module.
        is_memory = any(words in str(error) for words in ("llocate memory", "map segment"))
        raise RefusedError("memory" if is_memory else "numpy") from None
    wall = from_file.Wall()
    problem: RefusedError | None = None
    try:
        options = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    except KeyError:
        raise RefusedError("importer") from None
    foreign: list[str] = []
    try:
        # In the user's Blender others open files too, and what listens would stay.
        with nullcontext(foreign) if __package__ else from_file.opened_files(glb_path) as foreign:
            bpy.ops.import_scene.gltf(
                filepath=glb_path, **{name: value for name, value in _OPTIONS.items() if name in options}
            )
    except MemoryError:
        problem = RefusedError("memory")
    except RuntimeError as error:
        # bpy.ops turns an exception of the importer into a RuntimeError whose text ends with its traceback, and raises
        # RuntimeError as well for a mere error report of an import that finished (a picture it could not read).
        text = str(error)
        if "MemoryError" in text or "bad_alloc" in text:
            problem = RefusedError("memory")
        elif "Traceback" in text:
            said = last_line(text)
            problem = RefusedError("decoder", decoder) if (decoder := missing_decoder(said)) else None
            problem = problem or RefusedError("unreadable", said)
        else:
            _log.warning("glTF importer: %s", text)
            if decoder := missing_decoder(text):
                problem = RefusedError("decoder", decoder)
            elif not wall.new("objects"):
                problem = RefusedError("unreadable", last_line(text))
    made: list[bpy.types.Object] = wall.new("objects")
    if problem is None and not made:
        problem = RefusedError("empty")
    found = foreign[0] if foreign else wall.foreign()
    if found:
        problem = RefusedError("foreign", "".join(char for char in found if char.isprintable())[:200])
    if problem is not None:
        wall.remove()
        raise problem
    wall.remove_pointers()
    return made


#: What an importer says of a decoder that is not there: a word of it, and its name for people.
_NOT_FOUND = re.compile(r"library not found|failed to load|OSError|FileNotFoundError", re.IGNORECASE)
_DECODERS = (("draco", "Draco (KHR_draco_mesh_compression)"), ("meshopt", "meshopt"), ("ktx", "KTX2"))


def missing_decoder(said: str) -> str:
    """
    Return the name of the decoder whose library the importer did not find, "" when it speaks of something else.

    It loads Draco's without looking whether it is there (4.2 and 5.2), and looks for the others first.
    """
    if not _NOT_FOUND.search(said):
        return ""
    return next((name for word, name in _DECODERS if word in said.lower()), "")


def last_line(text: str) -> str:
    """Return the last line of ``text`` that says something, without "Error:" and control characters, cut to length."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Location:")]
    line = lines[-1].removeprefix("Error:").strip() if lines else ""
    return "".join(char for char in line if char.isprintable())[:200]
