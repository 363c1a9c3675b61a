# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run Blender's own glTF importer, and find the data-blocks that it created.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import importlib
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING or __package__:
    from . import animation, from_file, geometry, gltf_fill, gltf_watch
    from .job_format import Missing
    from .window_context import in_window
else:
    import animation
    import from_file
    import geometry
    import gltf_fill
    import gltf_watch
    from job_format import Missing
    from window_context import in_window

_log = logging.getLogger(__name__)

#: Options of the importer, as far as it has them. 4.2 lacks the last two: it selects new objects and creates scenes.
_OPTIONS = {
    "import_pack_images": True,
    # Otherwise the importer adds an object, the sphere that is shown for bones.
    "disable_bone_shape": True,
    "import_scene_extras": False,
    "import_select_created_objects": False,
    "import_scene_as_collection": True,
}

#: The modules that the importer's operator loads when it runs: those up to 4.2, and of later versions.
_IMPORTER_MODULES = ("io.imp.gltf2_io_gltf", "blender.imp.gltf2_blender_gltf", "blender.imp.blender_gltf")

#: Name of the class, in the module of an add-on, whose hooks the importer calls.
_HOOK = "glTF2ImportUserExtension"


class RefusedError(Exception):
    """
    The file cannot be imported.

    :ivar kind: "numpy" (the importer needs it, and it is missing), "importer" (this Blender has no glTF importer),
        "memory", "decoder" (the library for a compression is missing), "empty" (the file has no objects), "foreign"
        (data came from another file than the model) or "unreadable". Other modules raise it with kinds of their own.
    :ivar detail: message of the importer, or name of the decoder or data-block, "" if there is none.
    """

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Units:
    """
    The settings of a scene that the importer uses.

    :ivar unit_m: length of a Blender unit in metres (``unit_settings.scale_length``); positions are divided by it.
    :ivar frames_per_s: frame rate, in frames per second, to which animations are converted.
    """

    unit_m: float = 1.0
    frames_per_s: float = 24.0


def units_of(scene: bpy.types.Scene) -> Units:
    """Return the unit scale and the frame rate of ``scene``."""
    return Units(scene.unit_settings.scale_length, scene.render.fps / scene.render.fps_base)


@dataclass(slots=True)
class ImportResult:
    """
    The result of an import. The objects are not linked to a scene or a collection.

    :ivar shown: the objects of the file's default scene; all objects if the file has no default scene.
    :ivar others: the objects of other scenes, and of nodes in no scene.
    :ivar variants: names of the file's material variants.
    :ivar missing: what the file declares and the importer did not create.
    """

    shown: list[bpy.types.Object] = field(default_factory=list)
    others: list[bpy.types.Object] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    missing: Missing = field(default_factory=Missing)


def read(glb_path: str, units: Units | None = None, meanwhile: Callable[[], None] | None = None) -> ImportResult:
    """
    Import a GLB.

    The importer runs in a temporary scene, which is removed afterwards. So the changes that it makes to its scene
    (extras, scenes and collections of the file, selection, mode) do not affect the user's scene. Also, unlinking
    objects from a scene one by one would take time proportional to the square of their number.

    :param glb_path: absolute path of the GLB.
    :param units: units of the scene that the model is for; None for metres and 24 frames per second.
    :param meanwhile: called after a successful import, while threads may still prove that its pictures can be read.
    :raises RefusedError: the import failed or was rejected; all new data-blocks are removed.
    """
    need_numpy()
    try:
        options = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    except KeyError:
        raise RefusedError("importer") from None
    # In the user's Blender, hooks of other add-ons would see what the importer makes of the stubs.
    fill = gltf_fill.MeshFill() if not __package__ else None
    try:
        return _read(glb_path, units or Units(), options, fill, meanwhile)
    except _NotFilledError:
        _log.warning("A mesh could not be filled. The importer makes all of them.")
        return _read(glb_path, units or Units(), options, None, meanwhile)


class _NotFilledError(Exception):
    """A mesh is still the stub that it was imported as."""


def _read(
    glb_path: str,
    units: Units,
    options: Any,
    fill: "gltf_fill.MeshFill | None",
    meanwhile: Callable[[], None] | None = None,
) -> ImportResult:
    """
    Import a GLB, see :func:`read`.

    :param options: properties of the importer's operator.
    :param fill: fills large meshes; None to leave them to the importer.
    :param meanwhile: see :func:`read`.
    :raises _NotFilledError: ``fill`` failed; all new data-blocks are removed.
    """
    guard = from_file.ImportGuard()
    observer = gltf_watch.ImportObserver(fill)
    opened: list[str] = []
    with _own_scene(units), _observed(observer):
        problem = _run(glb_path, {name: value for name, value in _OPTIONS.items() if name in options}, opened)
        new: list[bpy.types.Object] = guard.new("objects")
    if fill is not None and fill.has_failed:
        guard.remove()
        raise _NotFilledError
    if problem is None and not new:
        problem = RefusedError("empty")
    elif problem is not None and problem.kind == "reported":
        problem = RefusedError("unreadable", problem.detail) if not new else None
    if found := opened[0] if opened else guard.foreign():
        problem = RefusedError("foreign", "".join(char for char in found if char.isprintable())[:200])
    if problem is not None:
        guard.remove()
        raise problem
    guard.remove_pointers()
    geometry.show_vertex_colours(new)
    animation.widen_shape_keys(new)
    if meanwhile is not None:
        meanwhile()
    return ImportResult(
        shown=[obj for obj in new if obj not in observer.others],
        others=[obj for obj in new if obj in observer.others],
        variants=observer.variants,
        missing=observer.missing(),
    )


def warm_up() -> None:
    """
    Load the importer's modules, which takes 0.1 s, without importing anything.

    :raises ImportError: numpy is missing, or a part of it cannot be loaded.
    """
    need_numpy()
    for name in _IMPORTER_MODULES:
        # Each version has other names.
        with suppress(ImportError):
            importlib.import_module(f"io_scene_gltf2.{name}")


def _run(glb_path: str, options: dict[str, Any], opened: list[str]) -> RefusedError | None:
    """
    Run the importer.

    :param glb_path: absolute path of the GLB.
    :param options: arguments of the operator.
    :param opened: list that the paths of foreign files that were opened are appended to, in the child only: in the
        user's Blender other code opens files too, and the audit hook could not be removed.
    :return: None, or the error. Its kind is "reported" if the import finished with an error report.
    """
    try:
        with nullcontext() if __package__ else from_file.opened_files(glb_path, opened):
            bpy.ops.import_scene.gltf(filepath=glb_path, **options)
    except MemoryError:
        return RefusedError("memory")
    except RuntimeError as error:
        # bpy.ops turns an exception of the importer into a RuntimeError whose text ends with its traceback, and raises
        # RuntimeError as well if an import finished with an error report (such as for an image it could not read).
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
    Make an empty temporary scene the window's scene; afterwards remove it and all new scenes and collections.

    The new objects are kept. It is not enough to override the scene in the context: Blender 5.0.1 crashed then inside
    the importer's operator. As the scene is empty, no object of it can be in another mode than Object Mode.

    :param units: unit scale and frame rate of the temporary scene.
    """
    # There is always a window, even in background mode.
    window = bpy.context.window or bpy.context.window_manager.windows[0]
    with in_window(window):
        shown, layer_name = window.scene, window.view_layer.name
        scenes, collections = set(bpy.data.scenes), set(bpy.data.collections)
        # The space makes this the first scene in the list: the importer stores material variants in the first scene,
        # after clearing those that are there.
        own = bpy.data.scenes.new(" Triverse")
        own.unit_settings.scale_length = units.unit_m
        own.render.fps = max(1, round(units.frames_per_s))
        # Not a mistake: the frame rate is fps / fps_base, but the importer computes fps * fps_base
        # (findings/gltf-frame-rate-base.sh).
        own.render.fps_base = units.frames_per_s / own.render.fps
        # Without a camera in the scene, a viewport in camera view would leave that view.
        own.camera = shown.camera
        window.scene = own
        try:
            yield
        finally:
            # The importer of 4.2 selects new objects, and they would still be selected when linked to another scene.
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
def _observed(observer: gltf_watch.ImportObserver) -> Iterator[None]:
    """
    Register ``observer`` as user extension of the importer within the context.

    The importer looks for a class named :data:`_HOOK` in the modules of all enabled add-ons. Its own module is always
    one of them, so the class is set there.
    """
    module = sys.modules.get("io_scene_gltf2")
    if module is None:
        _log.warning("The glTF importer cannot be watched: all objects count as shown.")
        yield
        return
    old = getattr(module, _HOOK, None)
    setattr(module, _HOOK, lambda: observer)
    try:
        yield
    finally:
        if old is None:
            delattr(module, _HOOK)
        else:
            setattr(module, _HOOK, old)


#: Messages of the importers about a decoder library that is missing.
_NOT_FOUND = re.compile(r"library not found|failed to load|OSError|FileNotFoundError", re.IGNORECASE)
#: Word in such a message -> name of the decoder in the error message.
_DECODERS = (("draco", "Draco (KHR_draco_mesh_compression)"), ("meshopt", "meshopt"), ("ktx", "KTX2"))


def missing_decoder(said: str) -> str:
    """
    Return the name of the decoder whose library the importer did not find, "" if the error is another one.

    The importer loads Draco's library without checking whether it exists (4.2 and 5.2), but checks for the others.

    :param said: error message of the importer.
    """
    if not _NOT_FOUND.search(said):
        return ""
    return next((name for word, name in _DECODERS if word in said.lower()), "")


def need_numpy() -> None:
    """
    Check that numpy, which Blender's importer needs, can be imported.

    :raises RefusedError: it is missing, or memory is too short to load it.
    """
    try:
        import numpy  # noqa: F401 -- a Blender of a Linux distribution may lack it
    except ImportError as error:
        # If a library of numpy cannot be mapped because of the memory limit, numpy is not missing.
        is_memory = any(words in str(error) for words in ("llocate memory", "map segment"))
        raise RefusedError("memory" if is_memory else "numpy") from None


def last_line(text: str) -> str:
    """
    Return the last line of ``text`` that is neither empty nor begins with "Location:", for an error message.

    "Error:" and control characters are removed, and the line is truncated to 200 characters.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("Location:")]
    line = lines[-1].removeprefix("Error:").strip() if lines else ""
    return "".join(char for char in line if char.isprintable())[:200]
