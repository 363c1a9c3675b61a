# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run Blender's own glTF importer and find out what it made.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import bpy

if __package__:
    from . import from_file, geometry, gltf_watch
else:
    import from_file  # type: ignore[import-not-found,no-redef]
    import geometry  # type: ignore[import-not-found,no-redef]
    import gltf_watch  # type: ignore[import-not-found,no-redef]

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

#: What an add-on names the class whose hooks the importer calls.
_HOOK = "glTF2ImportUserExtension"


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


@dataclass(frozen=True, slots=True)
class Units:
    """
    What the importer takes from the scene that a model is read for.

    :ivar unit_m: metres a Blender unit stands for (``unit_settings.scale_length``): positions are divided by it.
    :ivar frames_per_s: frames a second of an animation takes.
    """

    unit_m: float = 1.0
    frames_per_s: float = 24.0


def units_of(scene: bpy.types.Scene) -> Units:
    """Return the units of ``scene``."""
    return Units(scene.unit_settings.scale_length, scene.render.fps / scene.render.fps_base)


@dataclass(slots=True)
class Made:
    """
    What the importer made. None of it is linked to a scene or a collection.

    :ivar shown: the objects of the file's default scene; of all its scenes if it names no default.
    :ivar others: the objects of other scenes, and of nodes in no scene.
    :ivar variants: names of the file's material variants.
    :ivar missing: what of it the file declares and the importer did not make.
    """

    shown: list[bpy.types.Object] = field(default_factory=list)
    others: list[bpy.types.Object] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    missing: gltf_watch.Missing = field(default_factory=gltf_watch.Missing)


def read(glb_path: str, units: Units | None = None) -> Made:
    """
    Read a GLB.

    The importer gets a scene of its own, which is gone afterwards: what it does to its scene (extras, scenes and
    collections of the file, selection, mode) happens to nobody else's, and taking objects out of a scene one by one
    takes time with the square of their number.

    :param glb_path: absolute path.
    :param units: of the scene that the model is for.
    :raises RefusedError: nothing usable came of it; what had been made before is removed.
    """
    need_numpy()
    try:
        options = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    except KeyError:
        raise RefusedError("importer") from None
    wall = from_file.Wall()
    watch = gltf_watch.Watch()
    opened: list[str] = []
    with _own_scene(units or Units()), _watched(watch):
        problem = _run(glb_path, {name: value for name, value in _OPTIONS.items() if name in options}, opened)
        new: list[bpy.types.Object] = wall.new("objects")
    if problem is None and not new:
        problem = RefusedError("empty")
    elif problem is not None and problem.kind == "reported":
        problem = RefusedError("unreadable", problem.detail) if not new else None
    if found := opened[0] if opened else wall.foreign():
        problem = RefusedError("foreign", "".join(char for char in found if char.isprintable())[:200])
    if problem is not None:
        wall.remove()
        raise problem
    wall.remove_pointers()
    geometry.show_vertex_colours(new)
    return Made(
        shown=[obj for obj in new if obj not in watch.others],
        others=[obj for obj in new if obj in watch.others],
        variants=watch.variants,
        missing=watch.missing(),
    )


def _run(glb_path: str, options: dict[str, Any], opened: list[str]) -> RefusedError | None:
    """
    Run the importer. Returns what it said, with the kind "reported" for a report of an import that finished.

    :param opened: gets the foreign files that were opened, in the child. In the user's Blender others open files too,
        and what listens would stay.
    """
    try:
        with nullcontext() if __package__ else from_file.opened_files(glb_path, opened):
            bpy.ops.import_scene.gltf(filepath=glb_path, **options)
    except MemoryError:
        return RefusedError("memory")
    except RuntimeError as error:
        # bpy.ops turns an exception of the importer into a RuntimeError whose text ends with its traceback, and raises
        # RuntimeError as well for a mere error report of an import that finished (a picture it could not read).
        text = str(error)
        if "MemoryError" in text or "bad_alloc" in text:
            return RefusedError("memory")
        if "Traceback" in text:
            said = last_line(text)
            decoder = missing_decoder(said)
            return RefusedError("decoder", decoder) if decoder else RefusedError("unreadable", said)
        _log.warning("glTF importer: %s", text)
        decoder = missing_decoder(text)
        return RefusedError("decoder", decoder) if decoder else RefusedError("reported", last_line(text))
    return None


@contextmanager
def _own_scene(units: Units) -> Iterator[None]:
    """
    Show the importer an empty scene, and remove it with what the importer put into it but the objects.

    A scene that is only overridden in the context, and not the window's, crashed Blender 5.0.1 inside the importer's
    operator. Modes belong to a scene's objects: in an empty one there is none to leave.
    """
    # Timers have no window in their context. Even in background there is one.
    window = bpy.context.window or bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, screen=window.screen):
        shown, layer_name = window.scene, window.view_layer.name
        scenes, collections = set(bpy.data.scenes), set(bpy.data.collections)
        # The importer notes material variants in the first of all scenes, having cleared those that are there.
        own = bpy.data.scenes.new(" Triverse")
        own.unit_settings.scale_length = units.unit_m
        own.render.fps = max(1, round(units.frames_per_s))
        # The importer multiplies by the base, though a frame rate is fps / fps_base.
        own.render.fps_base = units.frames_per_s / own.render.fps
        # A view that looks through the scene's camera would leave it in a scene that has none.
        own.camera = shown.camera
        window.scene = own
        try:
            yield
        finally:
            # 4.2 selects what it made, and an object keeps that on its way into another scene.
            for obj in list(own.view_layers[0].objects.selected):
                obj.select_set(False, view_layer=own.view_layers[0])
            window.scene = shown
            window.view_layer = shown.view_layers[layer_name]
            bpy.data.batch_remove(
                [
                    *(scene for scene in bpy.data.scenes if scene not in scenes),
                    *(collection for collection in bpy.data.collections if collection not in collections),
                ]
            )


@contextmanager
def _watched(watch: gltf_watch.Watch) -> Iterator[None]:
    """
    Let the importer call ``watch``.

    It asks the modules of all enabled add-ons for a class of this name. Its own is one of them, wherever it runs.
    """
    module = sys.modules.get("io_scene_gltf2")
    if module is None:
        _log.warning("The glTF importer cannot be watched: all objects count as shown.")
        yield
        return
    old = getattr(module, _HOOK, None)
    setattr(module, _HOOK, lambda: watch)
    try:
        yield
    finally:
        if old is None:
            delattr(module, _HOOK)
        else:
            setattr(module, _HOOK, old)


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


def need_numpy() -> None:
    """
    See that numpy is there, which Blender's importer needs.

    :raises RefusedError: it is not.
    """
    try:
        import numpy  # noqa: F401 -- a Blender of a Linux distribution may lack it
    except ImportError as error:
        # A library of it that cannot be mapped under the memory cap is no missing module.
        is_memory = any(words in str(error) for words in ("llocate memory", "map segment"))
        raise RefusedError("memory" if is_memory else "numpy") from None


def last_line(text: str) -> str:
    """Return the last line of ``text`` that says something, without "Error:" and control characters, cut to length."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Location:")]
    line = lines[-1].removeprefix("Error:").strip() if lines else ""
    return "".join(char for char in line if char.isprintable())[:200]
