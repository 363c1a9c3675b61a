# SPDX-License-Identifier: GPL-3.0-or-later
"""
Export a model to other formats, with Blender's own exporters.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import os
from pathlib import Path

import bpy
import gltf_import


def export(
    kind: str, model: bpy.types.Collection, levels: list[bpy.types.Collection], stem: str, folder: Path
) -> dict[str, Path]:
    """
    Export a model and each of its levels of detail.

    :param kind: "glb", "fbx", "usd" or "obj".
    :param stem: name of the files without suffix; levels get ``-lod1`` and so on.
    :param folder: where to; files of other kinds may be in it.
    :return: what was written, by kind and level ("fbx", "fbx_lod1"). An OBJ is a folder, with its textures.
    :raises gltf_import.RefusedError: this Blender cannot export it.
    """
    made: dict[str, Path] = {}
    for level, collection in enumerate([model, *levels]):
        _select(collection)
        name = f"{stem}-lod{level}" if level else stem
        try:
            path = _EXPORTERS[kind](name, folder)
        except (AttributeError, KeyError):
            raise gltf_import.RefusedError("exporter", f"there is no exporter for {kind}") from None
        except RuntimeError as error:
            raise gltf_import.RefusedError("export", gltf_import.last_line(str(error))) from None
        if not path.exists():
            raise gltf_import.RefusedError("export", "nothing was written")
        made[f"{kind}_lod{level}" if level else kind] = path
    return made


def _select(collection: bpy.types.Collection) -> None:
    for obj in bpy.context.scene.objects:
        obj.select_set(False)
    # What its file holds beside the model is in no view layer, and cannot be selected.
    for obj in collection.objects:
        obj.select_set(True)
    bpy.context.view_layer.update()


def _glb(name: str, folder: Path) -> Path:
    path = folder / f"{name}.glb"
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", use_selection=True, export_extras=True)
    return path


def _fbx(name: str, folder: Path) -> Path:
    path = folder / f"{name}.fbx"
    with _Textures(folder / f"{name}-textures"):
        bpy.ops.export_scene.fbx(
            filepath=str(path), use_selection=True, path_mode="COPY", embed_textures=True, bake_anim=False
        )
    _forget_folder(path)
    return path


def _forget_folder(path: Path) -> None:
    """
    Take this machine's folder out of an FBX, which names its pictures by absolute paths though they are in it.

    Every text has its length before it, so one of the same length and meaning replaces it: ``./././vase.fbm/x.png``.
    """
    if not path.is_file():
        return
    data = path.read_bytes()
    for folder in {str(path.parent) + os.sep, path.parent.as_posix() + "/"}:
        size = len(folder.encode())
        data = data.replace(folder.encode(), b"./" * (size // 2) + b"/" * (size % 2))
    path.write_bytes(data)


def _usd(name: str, folder: Path) -> Path:
    path = folder / f"{name}.usdz"
    wanted = {"selected_objects_only": True, "export_animation": False, "root_prim_path": "/root"}
    # 4.2 to 4.4 have the first, later ones the second.
    wanted |= {"export_textures": True, "export_textures_mode": "NEW"}
    known = bpy.ops.wm.usd_export.get_rna_type().properties  # type: ignore[call-arg]
    bpy.ops.wm.usd_export(filepath=str(path), **{option: value for option, value in wanted.items() if option in known})
    return path


def _obj(name: str, folder: Path) -> Path:
    place = folder / f"{name}-obj"
    place.mkdir()
    with _Textures(place):
        bpy.ops.wm.obj_export(
            filepath=str(place / f"{name}.obj"), export_selected_objects=True, path_mode="STRIP", export_materials=True
        )
    return place


_EXPORTERS = {"glb": _glb, "fbx": _fbx, "usd": _usd, "obj": _obj}


class _Textures:
    """Packed pictures as files for as long as an exporter needs them: FBX and OBJ know none but those on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[bpy.types.Image, str] = {}

    def __enter__(self) -> None:
        self._folder.mkdir(exist_ok=True)
        for number, image in enumerate(image for image in bpy.data.images if image.packed_file is not None):
            plain = "".join(char if char.isalnum() else "_" for char in image.name)
            suffix = {"JPEG": ".jpg", "WEBP": ".webp"}.get(image.file_format, ".png")
            file = self._folder / f"{plain}_{number}{suffix}"
            # As it was packed: written anew, a JPEG would lose once more.
            file.write_bytes(image.packed_file.data)
            self._paths[image] = image.filepath_raw
            image.filepath_raw = str(file)

    def __exit__(self, *_error: object) -> None:
        for image, path in self._paths.items():
            image.filepath_raw = path
