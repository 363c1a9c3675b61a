# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run Blender's own glTF importer and find out what it made.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import logging

import bpy

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
        "memory", "draco" (its library for that is missing), "empty" (the file holds no object) or "unreadable".
    :ivar detail: the importer's own words, "" if there are none.
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
    before = set(bpy.data.objects)
    problem: RefusedError | None = None
    try:
        options = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    except KeyError:
        raise RefusedError("importer") from None
    try:
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
            # The importer tries to load the library without looking whether it is there (4.2, 5.2; 5.0 has it).
            is_draco = "draco" in said.lower() and said.startswith(("OSError", "FileNotFoundError"))
            problem = RefusedError("draco" if is_draco else "unreadable", said)
        else:
            _log.warning("glTF importer: %s", text)
            if set(bpy.data.objects) == before:
                problem = RefusedError("unreadable", last_line(text))
    made = [obj for obj in bpy.data.objects if obj not in before]
    if problem is None and not made:
        problem = RefusedError("empty")
    if problem is not None:
        bpy.data.batch_remove(made)
        raise problem
    return made


def last_line(text: str) -> str:
    """Return the last line of ``text`` that says something, without "Error:" and control characters, cut to length."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Location:")]
    line = lines[-1].removeprefix("Error:").strip() if lines else ""
    return "".join(char for char in line if char.isprintable())[:200]
