# SPDX-License-Identifier: GPL-3.0-or-later
"""
Export a model to other formats, with Blender's own exporters.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from . import alpha_pictures, asset_collection, channel_pictures, disk_room, gltf_import, png_pictures
else:
    import alpha_pictures
    import asset_collection
    import channel_pictures
    import disk_room
    import gltf_import
    import png_pictures

#: Options of the glTF exporter, which leaves these out or at rest by default, so that its file holds what the .blend
#: does.
_WHOLE_GLTF = {
    "export_attributes": True,
    "export_cameras": True,
    "export_extras": True,
    "export_lights": True,
    "export_rest_position_armature": False,
    "use_mesh_edges": True,
    "use_mesh_vertices": True,
}

#: Maximum length of an image's name in the name of its file. As of Blender 5.0, the name alone may be 255 bytes, which
#: is all that a file system allows.
_NAME_BYTES = 100


def export(
    kind: str, model: bpy.types.Collection, levels: list[bpy.types.Collection], stem: str, folder: Path
) -> dict[str, Path]:
    """
    Export a model and each of its levels of detail.

    :param kind: format: "glb", "fbx", "usd" or "obj".
    :param model: collection of the model.
    :param levels: collections of the levels of detail, finest first.
    :param stem: name of the files without suffix; ``-lod1`` and so on is appended for the levels of detail.
    :param folder: folder for the files; it may contain files of other formats.
    :return: the paths by format and level ("fbx", "fbx_lod1"). For OBJ, it is that of a folder with file and textures.
    :raises gltf_import.RefusedError: this Blender cannot export the format, or the export failed.
    :raises OSError: the disk is full.
    """
    _name_variants(model)
    made: dict[str, Path] = {}
    try:
        # Once for all levels: a picture of 4096 px takes up to 7.5 s.
        with _materials_for(kind):
            for level, collection in enumerate([model, *levels]):
                _select(collection)
                name = f"{stem}-lod{level}" if level else stem
                try:
                    path = _EXPORTERS[kind](name, folder)
                except (AttributeError, KeyError):
                    raise gltf_import.RefusedError("exporter", f"there is no exporter for {kind}") from None
                disk_room.check(folder)
                if not path.exists():
                    raise gltf_import.RefusedError("export", "nothing was written")
                made[f"{kind}_lod{level}" if level else kind] = path
    except RuntimeError as error:
        raise gltf_import.RefusedError("export", gltf_import.last_line(str(error))) from None
    return made


@contextmanager
def _materials_for(kind: str) -> Iterator[None]:
    """Give a model such materials and pictures as the exporter of a format writes, and as its readers know."""
    if kind == "glb":
        yield
        return
    with (
        png_pictures.instead_of_webp(),
        channel_pictures.lit(),
        alpha_pictures.as_seen(only_factors=kind == "usd"),
        channel_pictures.apart(only_factors=kind == "usd"),
        _slots_apart(),
    ):
        yield


@contextmanager
def _slots_apart() -> Iterator[None]:
    """
    Give each slot of a mesh a material of its own.

    USD gives the faces of one of two slots with the same material that of another slot, as FBX and USD do with those
    of an empty slot (``findings/usd-material-in-two-slots.sh``). The glTF importer makes a slot for each primitive that
    has material variants.
    """
    before = []
    made: list[bpy.types.Material] = []
    for mesh in bpy.data.meshes:
        seen: set[bpy.types.Material] = set()
        for slot, material in enumerate(mesh.materials):
            if material is None or material in seen:
                before.append((mesh, slot, material))
                made.append(bpy.data.materials.new("Plain") if material is None else material.copy())
                mesh.materials[slot] = made[-1]
            else:
                seen.add(material)
    try:
        yield
    finally:
        for mesh, slot, material in before:
            mesh.materials[slot] = material
        for one in made:
            bpy.data.materials.remove(one)


def _name_variants(model: bpy.types.Collection) -> None:
    """Name the model's material variants where the glTF exporter looks for them, see ``importing.variants``."""
    names = json.loads(model.get(asset_collection.VARIANTS, "[]"))
    # The importer has registered this property when it found variants.
    known = getattr(bpy.data.scenes[0], "gltf2_KHR_materials_variants_variants", None)
    if known is None:
        return
    known.clear()
    for number, name in enumerate(names):
        variant = known.add()
        # Setting the name searches for variants of the same name, so the index comes first.
        variant.variant_idx = number
        variant.name = name


def _known(operator: Any, wanted: Mapping[str, object]) -> dict[str, Any]:
    """Return those options of ``wanted`` that this Blender's exporter has."""
    known = operator.get_rna_type().properties
    return {option: value for option, value in wanted.items() if option in known}


def _select(collection: bpy.types.Collection) -> None:
    for obj in bpy.context.scene.objects:
        obj.select_set(False)
    # Child collections are skipped: the file's other objects are excluded from the view layer and cannot be selected.
    for obj in collection.objects:
        obj.select_set(True)
    bpy.context.view_layer.update()


def _glb(name: str, folder: Path) -> Path:
    path = folder / f"{name}.glb"
    options = _known(bpy.ops.export_scene.gltf, _WHOLE_GLTF)
    with _whole_frames():
        bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", use_selection=True, **options)
    return path


@contextmanager
def _whole_frames() -> Iterator[None]:
    """
    Let each animation last until the next whole frame.

    The exporter samples at whole frames within the animation, so one that ended between two frames, as those of another
    frame rate do, lost its end (``findings/gltf-end-between-frames.sh``).
    """
    changed = []
    for action in bpy.data.actions:
        start, end = action.frame_range[0], action.frame_range[1]
        if not action.use_frame_range and (start % 1 or end % 1):
            action.frame_start, action.frame_end = math.floor(start), math.ceil(end)
            action.use_frame_range = True
            changed.append(action)
    try:
        yield
    finally:
        for action in changed:
            action.use_frame_range = False


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
    Remove this machine's folder from an FBX, which has absolute paths for its images although they are embedded.

    FBX stores the length of a string before it, so the folder is replaced by an equivalent path of the same length:
    ``./././vase.fbm/x.png``.
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
    # 4.2 to 4.4 have the first option, later versions the second.
    wanted |= {"export_textures": True, "export_textures_mode": "NEW"}
    # The exporter writes shape keys without their values, as if all were zero (4.2 to 5.3).
    wanted["export_shapekeys"] = not any(
        block.value for keys in bpy.data.shape_keys for block in keys.key_blocks if block != keys.reference_key
    )
    # The exporter names packed images' files after them.
    for image in bpy.data.images:
        if len(image.name.encode()) > _NAME_BYTES:
            image.name = asset_collection.cut(image.name, _NAME_BYTES)
    with _opacity():
        bpy.ops.wm.usd_export(filepath=str(path), **_known(bpy.ops.wm.usd_export, wanted))
    return path


@contextmanager
def _opacity() -> Iterator[None]:
    """
    Let the USD exporter of Blender 5.2 and newer write how translucent materials are.

    It takes the opacity from "Transmission Weight" alone, where earlier ones took it from "Alpha", so glass was opaque
    (``findings/usd-opaque.sh``). A texture for either is written, and left as it is.
    """
    changed = []
    for node in channel_pictures.surfaces():
        alpha, transmission = node.inputs["Alpha"], node.inputs["Transmission Weight"]
        if not alpha.is_linked and not transmission.is_linked and alpha.default_value < 1:
            changed.append((transmission, transmission.default_value))
            transmission.default_value = 1 - alpha.default_value * (1 - transmission.default_value)
    try:
        yield
    finally:
        for socket, value in changed:
            socket.default_value = value


def _obj(name: str, folder: Path) -> Path:
    place = folder / f"{name}-obj"
    place.mkdir()
    with _Textures(place):
        bpy.ops.wm.obj_export(
            filepath=str(place / f"{name}.obj"),
            export_selected_objects=True,
            path_mode="STRIP",
            export_materials=True,
            export_pbr_extensions=True,
        )
    return place


_EXPORTERS = {"glb": _glb, "fbx": _fbx, "usd": _usd, "obj": _obj}


class _Textures:
    """
    Context manager that writes packed images to files, because the FBX and OBJ exporters only use images on disk.

    On exit, the images have their former paths again. The files remain.

    :param folder: folder for the files, created if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[bpy.types.Image, str] = {}

    def __enter__(self) -> None:
        self._folder.mkdir(exist_ok=True)
        packed = [image for image in bpy.data.images if image.packed_file is not None and image.users]
        for number, image in enumerate(packed):
            plain = "".join(char if char.isalnum() else "_" for char in asset_collection.cut(image.name, _NAME_BYTES))
            suffix = {"JPEG": ".jpg", "WEBP": ".webp"}.get(image.file_format, ".png")
            file = self._folder / f"{plain}_{number}{suffix}"
            # Write the packed bytes: encoding a JPEG again would lose quality.
            file.write_bytes(image.packed_file.data)
            self._paths[image] = image.filepath_raw
            image.filepath_raw = str(file)

    def __exit__(self, *_error: object) -> None:
        for image, path in self._paths.items():
            image.filepath_raw = path
