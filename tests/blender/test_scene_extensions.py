# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that are compressed: read where the Blender at hand can, else refused with the name of what it lacks."""

from __future__ import annotations

import base64
from pathlib import Path

import bpy
import pytest

from tests.blender import glbs
from triverse_addon.tasks.converter import ConvertError
from triverse_addon.tasks.glb import glb_check

pytestmark = pytest.mark.usefixtures("fresh_file")

#: A cube of 12 triangles, as Blender 5.0's exporter writes it with Draco.
DRACO = base64.b64decode(
    "RFJBQ08CAgEBAAAAGAwBDAAABd/3fd8H/wJmQP8CZkAC/wAAAAAAAQAJAwAAAgEBCQMAAQMBAQEBAgMhJ3EMcQwPfNHt7G/PFvdaSQygNIuA"
    "AAAAAP8/AAAAAIC/AACAvwAAgL8AAABADgADAQALAwEwGwEIAQgGAArxc22A/wEA/gMA/P8P/AcAAAAg4D+AAP8DAAD/AQAACgAA"
)


def draco_cube(path: Path) -> Path:
    attributes = {"POSITION": 0, "NORMAL": 1}
    compressed = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": attributes}}
    document = {
        "asset": {"version": "2.0"},
        "extensionsUsed": list(compressed),
        "extensionsRequired": list(compressed),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Cube"}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 2, "extensions": compressed}]}],
        "accessors": [
            {"componentType": 5126, "count": 24, "type": "VEC3", "min": [-1, -1, -1], "max": [1, 1, 1]},
            {"componentType": 5126, "count": 24, "type": "VEC3"},
            {"componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 154}],
        "buffers": [{"byteLength": 156}],
    }
    return glbs.write_glb(path, document, DRACO)


def has_draco() -> bool:
    """Whether Blender's glTF add-on lies there with the library that it loads for Draco."""
    import io_scene_gltf2

    folder = Path(io_scene_gltf2.__file__).parent
    # 5.2 has it among its own libraries and calls it a bridge.
    own = Path(bpy.__file__).parent / "lib"
    return any(folder.glob("*extern_draco*")) or any(own.glob("*draco_bridge*"))


def test_draco_is_read_or_named(tmp_path: Path) -> None:
    path = draco_cube(tmp_path / "m.glb")
    glb_check.check(path)
    if bpy.app.version[:2] == (5, 0):
        assert has_draco(), "of the Blenders tested here, this one has it"
    if has_draco():
        converted = glbs.convert_kept(path, tmp_path / "out")
        assert (converted.objects, converted.triangles) == (1, 12)
    else:
        with pytest.raises(ConvertError, match=r"KHR_draco_mesh_compression.*without the library") as caught:
            glbs.convert_kept(path, tmp_path / "out")
        assert "OSError" not in str(caught.value)
    assert path.exists()


def test_pictures_as_webp_are_read(tmp_path: Path) -> None:
    def build() -> None:
        glbs.sphere("geometry_0", material=glbs.textured())

    path = glbs.export(tmp_path / "m.glb", build, export_image_format="WEBP")
    assert b"EXT_texture_webp" in path.read_bytes()
    glb_check.check(path)
    converted = glbs.convert_kept(path, tmp_path / "out")
    with bpy.data.libraries.load(str(converted.blend_path)) as (found, wanted):
        wanted.images = found.images
    pictures = [image for image in wanted.images if image is not None and image.type == "IMAGE"]
    assert len(pictures) >= 3
    assert all(tuple(image.size) == (64, 64) and image.packed_file for image in pictures)
