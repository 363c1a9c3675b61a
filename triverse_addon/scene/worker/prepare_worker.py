# SPDX-License-Identifier: GPL-3.0-or-later
"""
Convert an image or a .blend to a file that the service accepts: the script of a child Blender before an upload.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.preparer`` starts it
as a script, as ``child.converter`` does with ``convert_worker``. It imports the modules of its folder as plain modules,
because the add-on is not loaded in the child.
"""

import os
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from . import colours, disk_room, gltf_import, job_loop, orientation, picture_tags
    from .job_format import Job, PrepareInput, PrepareOutput
else:
    import colours
    import disk_room
    import gltf_import
    import job_loop
    import orientation
    import picture_tags
    from job_format import Job, PrepareInput, PrepareOutput

_MB = 1024 * 1024
#: Formats and suffixes, tried in this order until the file is small enough. WebP keeps transparency, JPEG does not.
_FORMATS = (("PNG", ".png"), ("WEBP", ".webp"), ("JPEG", ".jpg"))
#: Depths of images with alpha, in bits per pixel. Grey ones have 16 or 64 from Blender 5.2 on, and 32 or 128 up to 5.1
#: (``findings/image-depth-grey-alpha.sh``).
_WITH_ALPHA = (16, 32, 64, 128)
#: Options of the glTF exporter, as far as it has them: only the mesh is exported, with texture coordinates and normals.
_OPTIONS = {
    "export_format": "GLB",
    "export_apply": True,
    "export_yup": True,
    "export_texcoords": True,
    "export_normals": True,
    "export_materials": "NONE",
    "export_animations": False,
    "export_skins": False,
    "export_morph": False,
    "export_cameras": False,
    "export_lights": False,
    "export_extras": False,
}


def prepare(job: Job[PrepareInput]) -> None:
    """
    Convert one file and write its name as the result.

    :param job: the job that :class:`child.preparer.ChildPreparer` wrote.
    :raises gltf_import.RefusedError: the source cannot be used.
    :raises OSError: the target cannot be written.
    """
    scene = job_loop.empty_file()
    given = job.input
    target = _model(given) if given.kind == "model" else _picture(given, scene)
    job_loop.write_result(job, PrepareOutput(target.name))


# -----------------------------------------------------------------------------
# Pictures


def _picture(given: PrepareInput, scene: bpy.types.Scene) -> Path:
    try:
        image = bpy.data.images.load(given.source_path)
    except RuntimeError as error:
        raise gltf_import.RefusedError("picture", gltf_import.last_line(str(error))) from None
    source = Path(given.source_path)
    if not all(image.size) or picture_tags.is_read_as_negative(source):
        raise gltf_import.RefusedError("picture")
    if alpha_mode := picture_tags.alpha_mode_of(source):
        image.alpha_mode = alpha_mode  # type: ignore[assignment]
    factor = given.max_edge_px / max(image.size)
    if factor < 1.0:
        image.scale(*(max(1, round(edge_px * factor)) for edge_px in image.size))
    if picture_tags.is_tiff(source) and _is_black(image):
        raise gltf_import.RefusedError("picture")
    depth = image.depth
    turned = picture_tags.orientation_of(source)
    if turned != 1:
        image = _upright(image, turned)
    # The default view transform is for renders, and would change the colours of an image.
    colours.show_plainly(scene)
    settings = scene.render.image_settings
    stem = Path(given.target_stem)
    for file_format, suffix in _FORMATS:
        try:
            settings.file_format = file_format  # type: ignore[assignment]
        except TypeError:  # this Blender was built without the format
            continue
        has_alpha = depth in _WITH_ALPHA and file_format != "JPEG"
        settings.color_mode = "RGBA" if has_alpha else "RGB"
        settings.color_depth = "8"
        settings.quality = 95
        part = stem.with_name(f".{stem.name}.{os.getpid()}{suffix}")
        try:
            image.save_render(str(part), scene=scene)
            disk_room.check(part.parent)
            if part.stat().st_size <= given.max_bytes:
                return _finish(part, stem.with_name(stem.name + suffix))
        except RuntimeError as error:
            raise disk_room.cause(part.parent, gltf_import.last_line(str(error))) from error
        finally:
            part.unlink(missing_ok=True)
    raise gltf_import.RefusedError("picture_size", str(given.max_bytes // _MB))


def _is_black(image: bpy.types.Image) -> bool:
    """
    Return whether no pixel has a colour, nor another alpha than the rest, which would be a shape.

    That is what Blender up to 5.2 makes of a TIFF whose compression its library lacks, such as Zstandard; 5.3 has an
    image without a size then (``findings/tiff-zstandard-black.sh``).
    """
    channels, pixels = image.channels, _pixels_of(image)
    colours_at = range(channels - 1 if channels in (2, 4) else channels)
    if any(any(pixels[at::channels]) for at in colours_at):
        return False
    alpha = pixels[channels - 1 :: channels]
    return alpha.count(alpha[0]) == len(alpha)


def _pixels_of(image: bpy.types.Image) -> "array[float]":
    pixels = array("f", [0.0]) * len(image.pixels)
    image.pixels.foreach_get(pixels)  # type: ignore[attr-defined]
    return pixels


def _upright(image: bpy.types.Image, turned: int) -> bpy.types.Image:
    """
    Return a new image with the pixels of ``image`` rotated upright, because Blender does not write the Exif data.

    :param turned: Exif orientation, 2 to 8.
    """
    size: tuple[int, int] = tuple(image.size)  # type: ignore[assignment]
    found = _pixels_of(image)
    # One channel is grey, two are grey and alpha.
    of = {1: (0, 0, 0), 2: (0, 0, 0, 1), 3: (0, 1, 2), 4: (0, 1, 2, 3)}[image.channels]
    pixels = array("f", [1.0]) * (size[0] * size[1] * 4)
    for channel, source in enumerate(of):
        pixels[channel::4] = found[source :: image.channels]
    pixels, width, height = orientation.upright(pixels, *size, turned)
    made = bpy.data.images.new("upright", width, height, alpha=True, float_buffer=image.is_float)
    if not image.is_float:
        # Float pixels are scene linear when loaded, which is also the default of a new float image.
        made.colorspace_settings.name = image.colorspace_settings.name
    made.alpha_mode = image.alpha_mode
    made.pixels.foreach_set(pixels)  # type: ignore[attr-defined]
    return made


# -----------------------------------------------------------------------------
# Models


def _model(given: PrepareInput) -> Path:
    try:
        import numpy  # noqa: F401 -- a Blender of a Linux distribution may lack it
    except ImportError:
        raise gltf_import.RefusedError("numpy") from None
    try:
        with bpy.data.libraries.load(given.source_path, link=False) as (inside, wanted):  # type: ignore[func-returns-value]
            wanted.objects = inside.objects
    except (OSError, RuntimeError) as error:
        raise gltf_import.RefusedError("unreadable", gltf_import.last_line(str(error))) from None
    if foreign := _from_another_file(given.source_path):
        raise gltf_import.RefusedError("foreign", "".join(char for char in foreign if char.isprintable())[:100])
    objects = [obj for obj in wanted.objects if obj is not None]
    for obj in objects:
        bpy.context.scene.collection.objects.link(obj)
        obj.hide_viewport = obj.hide_render = False
    bpy.context.view_layer.update()
    if not any(len(obj.data.polygons) for obj in objects if obj.type == "MESH"):
        raise gltf_import.RefusedError("empty")
    stem = Path(given.target_stem)
    part = stem.with_name(f".{stem.name}.{os.getpid()}.glb")
    try:
        _export(part)
        if part.stat().st_size > given.max_bytes:
            raise gltf_import.RefusedError("model_size", str(given.max_bytes // _MB))
        return _finish(part, stem.with_name(stem.name + ".glb"))
    finally:
        part.unlink(missing_ok=True)


def _from_another_file(source_path: str) -> str:
    """
    Return the name of something through which a .blend would get geometry from another file, "" if there is nothing.

    The .blend, and the batch table that names it, may come from someone else. What the .blend links to may be any file
    of this user, and would be uploaded.
    """
    own = Path(os.path.realpath(bpy.utils.system_resource("DATAFILES")))  # Blender's own assets
    for library in bpy.data.libraries:
        path = os.path.realpath(bpy.path.abspath(library.filepath))
        # A library that is packed into the .blend (5.0 and newer) still has the path it came from.
        is_own = getattr(library, "is_archive", False) or Path(path).is_relative_to(own)
        if not is_own and path != os.path.realpath(source_path) and os.path.exists(path):
            return library.name
    for block in (*bpy.data.cache_files, *bpy.data.volumes):
        if block.filepath and not getattr(block, "packed_file", None):
            return block.name
    nodes = (node for group in bpy.data.node_groups for node in group.nodes)
    return next((node.name for node in nodes if node.bl_idname.startswith("GeometryNodeImport")), "")


def _export(path: Path) -> None:
    try:
        known = bpy.ops.export_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    except KeyError:
        raise gltf_import.RefusedError("exporter") from None
    options = {name: value for name, value in _OPTIONS.items() if name in known}
    try:
        bpy.ops.export_scene.gltf(filepath=str(path), **options)
    except RuntimeError as error:
        if "MemoryError" in str(error):
            raise MemoryError from None
        raise gltf_import.RefusedError("unreadable", gltf_import.last_line(str(error))) from None
    if not path.is_file():
        raise gltf_import.RefusedError("unreadable", "no file was written")


def _finish(part: Path, target: Path) -> Path:
    os.replace(part, target)
    return target


if __name__ == "__main__":
    job_loop.serve(prepare, PrepareInput)
