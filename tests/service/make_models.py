# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the sample models of the stand-in: procedural scenes, exported by Blender's own glTF exporter.

Runs by itself under a Python that has the ``bpy`` module; it is the only module here that imports ``bpy``::

    python -m tests.service.make_models OUT_DIR NAME...

For each NAME it makes the folder ``OUT_DIR/NAME`` with ``model.glb``, ``preview.png`` and ``facts.json``. The folder
appears at once and complete, or not at all; one that is there already is left as it is.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from .samples import SAMPLES, Sample

PREVIEW_SAMPLES = 1
"""The denoiser makes of it what it makes of six, for which Cycles takes 8 s longer."""

# Radius and height along a vase's profile, from the middle of its foot, over the lip, to the middle of its inside.
_PROFILE = np.array(
    [
        *[(0.01, 0.0), (0.28, 0.0), (0.33, 0.03), (0.22, 0.13), (0.4, 0.42), (0.46, 0.62), (0.34, 0.92), (0.22, 1.05)],
        *[(0.3, 1.17), (0.28, 1.18), (0.19, 1.05), (0.3, 0.92), (0.42, 0.62), (0.36, 0.42), (0.17, 0.14), (0.01, 0.08)],
    ]
)


# -----------------------------------------------------------------------------
# Pictures


def _noise(size_px: int, cells: int, octaves: int, rng: np.random.Generator) -> np.ndarray:
    """Return seamless value noise in 0..1, ``size_px`` square."""
    total = np.zeros((size_px, size_px), np.float32)
    weight_sum, weight = 0.0, 1.0
    for _ in range(octaves):
        grid = rng.random((cells, cells), np.float32)
        at = np.arange(size_px, dtype=np.float32) * (cells / size_px)
        low = at.astype(np.int32) % cells
        part = at - np.floor(at)
        part = part * part * (3 - 2 * part)
        rows = grid[low] * (1 - part)[:, None] + grid[(low + 1) % cells] * part[:, None]
        total += weight * (rows[:, low] * (1 - part) + rows[:, (low + 1) % cells] * part)
        weight_sum += weight
        weight *= 0.5
        cells = min(cells * 2, size_px)
    return total / weight_sum


def _image(name: str, channels: tuple[np.ndarray, np.ndarray, np.ndarray], *, colour: bool) -> bpy.types.Image:
    """Return a packed image datablock of three channels in 0..1."""
    size_px = channels[0].shape[0]
    image = bpy.data.images.new(name, size_px, size_px, alpha=False)
    image.colorspace_settings.name = "sRGB" if colour else "Non-Color"
    pixels = np.ones((size_px, size_px, 4), np.float32)
    for index, channel in enumerate(channels):
        pixels[:, :, index] = np.clip(channel, 0.0, 1.0)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = "PNG"
    image.pack()
    return image


def _glaze(name: str, size_px: int, hue: float, seed: int) -> bpy.types.Material:
    """Return a Principled material with maps for base colour, normal, and roughness with metallic."""
    rng = np.random.default_rng(seed)
    clouds = _noise(size_px, 6, 5, rng)
    grain = _noise(size_px, 48, 3, rng)
    rows = np.linspace(0.0, 1.0, size_px, endpoint=False, dtype=np.float32)[:, None]
    columns = np.linspace(0.0, 1.0, size_px, endpoint=False, dtype=np.float32)[None, :]
    wave = np.sin(2 * math.pi * (columns * 12 + clouds * 0.4))
    bands = ((np.sin(2 * math.pi * rows * 14 + wave) > 0.72) & (rows > 0.12) & (rows < 0.58)).astype(np.float32)
    ground = [0.5 + 0.32 * math.cos(2 * math.pi * (hue + shift)) for shift in (0.0, 0.33, 0.67)]
    gold = (0.83, 0.62, 0.24)
    shade = 0.55 + 0.75 * clouds - 0.2 * grain
    gilt = bands * (0.8 + 0.3 * grain)
    base = tuple((1 - bands) * ground[i] * shade + gilt * gold[i] for i in range(3))
    height = 0.7 * grain + 0.8 * clouds + 0.35 * bands
    strength = size_px / 160
    slope_x = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * strength
    slope_y = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * strength
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    normal = (0.5 - 0.5 * slope_x / length, 0.5 - 0.5 * slope_y / length, 0.5 + 0.5 / length)
    rough = 0.25 + 0.5 * clouds + 0.2 * grain - 0.25 * bands

    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]

    def picture(kind: str, channels: tuple[np.ndarray, np.ndarray, np.ndarray]) -> bpy.types.Node:
        node = nodes.new("ShaderNodeTexImage")
        node.image = _image(f"{name} {kind}", channels, colour=kind == "base colour")
        return node

    links.new(picture("base colour", base).outputs["Color"], shader.inputs["Base Color"])
    split = nodes.new("ShaderNodeSeparateColor")
    links.new(picture("roughness metallic", (np.ones_like(rough), rough, bands)).outputs["Color"], split.inputs[0])
    links.new(split.outputs["Green"], shader.inputs["Roughness"])
    links.new(split.outputs["Blue"], shader.inputs["Metallic"])
    bump = nodes.new("ShaderNodeNormalMap")
    links.new(picture("normal", normal).outputs["Color"], bump.inputs["Color"])
    links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    return material


# -----------------------------------------------------------------------------
# Meshes


def _sides(triangles: int) -> tuple[int, int]:
    """Return how many quads around and along give exactly that many triangles, as near to square as possible."""
    quads = triangles // 2
    around = next(number for number in range(math.isqrt(quads), 0, -1) if quads % number == 0)
    return around, quads // around


def _vase(name: str, triangles: int, *, seed: int, uv: bool = True) -> bpy.types.Mesh:
    """Return a vase with relief, of exactly ``triangles`` triangles, shaded smooth, as quads."""
    around, along = _sides(triangles)
    steps = np.linalg.norm(np.diff(_PROFILE, axis=0), axis=1)
    marks = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    v = np.linspace(0.0, 1.0, along + 1)
    fine = np.linspace(0.0, 1.0, 400)
    curve = [np.interp(fine, marks, _PROFILE[:, axis]) for axis in (0, 1)]
    kernel = np.hanning(17) / np.hanning(17).sum()
    curve = [np.convolve(np.pad(part, 8, "edge"), kernel, "valid") for part in curve]
    radius, height = (np.interp(v, fine, part) for part in curve)
    angle = np.arange(around) * (2 * math.pi / around)
    rng = np.random.default_rng(seed)
    lobes, twist = int(rng.integers(7, 14)), float(rng.uniform(2.0, 5.0))
    outside = np.clip((0.55 - v) / 0.05, 0.0, 1.0) * np.clip((v - 0.16) / 0.08, 0.0, 1.0)
    relief = 0.022 * np.sin(lobes * angle[None, :] + twist * 2 * math.pi * v[:, None]) * outside[:, None]
    relief += 0.003 * np.sin(61 * angle[None, :]) * np.sin(170 * v[:, None]) * outside[:, None]
    ring = radius[:, None] + relief
    points = np.empty((along + 1, around, 3), np.float32)
    points[:, :, 0] = ring * np.cos(angle)
    points[:, :, 1] = ring * np.sin(angle)
    points[:, :, 2] = height[:, None]

    column = np.arange(around)
    row = np.arange(along)[:, None]
    here, right = row * around + column, row * around + (column + 1) % around
    corners = np.stack([here, right, right + around, here + around], axis=2).astype(np.int32)
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(points.size // 3)
    mesh.vertices.foreach_set("co", points.ravel())
    mesh.loops.add(corners.size)
    mesh.loops.foreach_set("vertex_index", corners.ravel())
    mesh.polygons.add(corners.size // 4)
    mesh.polygons.foreach_set("loop_start", np.arange(0, corners.size, 4, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(corners.size // 4, bool))
    if uv:
        across = np.stack([column, column + 1, column + 1, column], axis=1) / around
        up = np.stack([row[:, 0], row[:, 0], row[:, 0] + 1, row[:, 0] + 1], axis=1) / along
        places = np.empty((along, around, 4, 2), np.float32)
        places[..., 0] = across[None, :, :]
        places[..., 1] = up[:, None, :]
        mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", places.ravel())
    mesh.update(calc_edges=True)
    if mesh.validate():
        raise RuntimeError(f"{name}: Blender had to mend the mesh")
    return mesh


def _box(name: str, size: tuple[float, float, float]) -> bpy.types.Mesh:
    """Return a box with UVs, its top at height 0."""
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    points = [(sx * x, sy * y, h) for h in (-z, 0.0) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.array([(0, 0), (1, 0), (1, 1), (0, 1)] * 6, "f").ravel())
    return mesh


def _put(scene: bpy.types.Scene, name: str, data: bpy.types.ID | None, **where: object) -> bpy.types.Object:
    """Return a new object in ``scene``; ``data`` None makes an empty."""
    made = bpy.data.objects.new(name, data)
    for attribute, value in where.items():
        setattr(made, attribute, value)
    scene.collection.objects.link(made)
    return made


def _with(mesh: bpy.types.Mesh, material: bpy.types.Material) -> bpy.types.Mesh:
    mesh.materials.append(material)
    return mesh


# -----------------------------------------------------------------------------
# Scenes


def _one_vase(sample: Sample) -> None:
    mesh = _vase("Vase", sample.triangles, seed=sample.triangles, uv=sample.map_px > 0)
    if sample.map_px:
        _with(mesh, _glaze("Glaze", sample.map_px, hue=(sample.triangles / 7919) % 1, seed=sample.triangles))
    _put(bpy.context.scene, "Vase", mesh)


def _still_life(sample: Sample) -> None:
    """Several meshes, one of them used twice, three materials, three empties, turned and scaled parents."""
    scene = bpy.context.scene
    blue = _glaze("Blue", sample.map_px, 0.36, 1)
    red = _glaze("Red", sample.map_px, 0.0, 2)
    wood = _glaze("Wood", sample.map_px, 0.92, 3)
    root = _put(scene, "Still Life", None)
    _put(scene, "Table", _with(_box("Table", (2.6, 1.6, 0.12)), wood), parent=root)
    group = _put(scene, "Vases", None, parent=root, location=(-0.55, 0.1, 0.0), rotation_euler=(0.0, 0.0, 0.5))
    tall = _with(_vase("Tall", 20_000, seed=5), blue)
    _put(scene, "Tall Vase", tall, parent=group)
    _put(scene, "Small Vase", tall, parent=group, location=(0.8, -0.3, 0.0), scale=(0.45, 0.45, 0.45))
    stand = _put(scene, "Stand", None, parent=root, location=(0.8, 0.2, 0.0), scale=(0.8, 0.8, 1.0))
    plinth = _put(scene, "Plinth", _with(_box("Plinth", (0.8, 0.8, 0.3)), wood), parent=stand, location=(0, 0, 0.3))
    _put(scene, "Bowl", _with(_vase("Bowl", 10_000, seed=8), red), parent=plinth, scale=(0.8, 0.8, 0.4))


def _two_scenes(sample: Sample) -> None:
    first = bpy.context.scene
    first.name = "Front Room"
    _put(first, "Vase", _with(_vase("Vase", 10_000, seed=11), _glaze("Green", sample.map_px, 0.67, 4)))
    second = bpy.data.scenes.new("Back Room")
    violet = _glaze("Violet", sample.map_px, 0.2, 5)
    _put(second, "Urn", _with(_vase("Urn", 6_000, seed=12), violet), location=(2, 0, 0))
    _put(second, "Shelf", _with(_box("Shelf", (1.2, 0.6, 0.1)), violet), location=(2, 0, 0))


_BUILDERS = {"multi": _still_life, "scenes": _two_scenes}


# -----------------------------------------------------------------------------
# Files


def _render(path: Path, size_px: int) -> None:
    """Render the active scene to a square PNG."""
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    corners = [o.matrix_world @ Vector(corner) for o in scene.objects if o.type == "MESH" for corner in o.bound_box]
    low, high = (Vector(pick(c[axis] for c in corners) for axis in range(3)) for pick in (min, max))
    middle, radius = (low + high) / 2, (high - low).length / 2
    lens = bpy.data.cameras.new("Camera")
    towards = Vector((0.55, -1.0, 0.5)).normalized()
    distance = 0.85 * radius / math.sin(lens.angle / 2)
    facing = towards.to_track_quat("Z", "Y").to_euler()
    scene.camera = _put(scene, "Camera", lens, location=middle + towards * distance, rotation_euler=facing)
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.5, 0.3
    _put(scene, "Sun", sun, rotation_euler=(0.7, 0.2, 0.9))
    world = scene.world = bpy.data.worlds.new("World")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.55, 0.6, 0.66, 1.0)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = PREVIEW_SAMPLES
    scene.cycles.max_bounces = 2
    scene.cycles.use_denoising = True
    scene.cycles.denoising_quality = "FAST"
    scene.cycles.denoising_prefilter = "FAST"
    scene.render.resolution_x = scene.render.resolution_y = size_px
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _facts(glb: Path) -> dict[str, int]:
    """Count what is in a GLB, from the file itself. Triangles are counted once for every node that shows them."""
    with glb.open("rb") as stream:
        head = stream.read(20)
        doc = json.loads(stream.read(struct.unpack_from("<I", head, 12)[0]))

    def triangles(mesh: dict[str, Any]) -> int:
        return sum(doc["accessors"][primitive["indices"]]["count"] // 3 for primitive in mesh["primitives"])

    nodes = doc["nodes"]
    return {
        "triangles": sum(triangles(doc["meshes"][node["mesh"]]) for node in nodes if "mesh" in node),
        "nodes": len(nodes),
        "mesh_nodes": sum("mesh" in node for node in nodes),
        **{key: len(doc.get(key, ())) for key in ("meshes", "scenes", "materials", "images")},
        "size_bytes": glb.stat().st_size,
    }


def make(name: str, out_dir: Path) -> dict[str, float]:
    """Make the folder of one sample and return its facts, with the seconds that export and preview took.

    :raises RuntimeError: what came out is not what `SAMPLES` promises.
    """
    sample = SAMPLES[name]
    started = time.perf_counter()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _BUILDERS.get(name, _one_vase)(sample)
    folder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=out_dir))
    try:
        glb = folder / "model.glb"
        bpy.ops.export_scene.gltf(filepath=str(glb), export_format="GLB")
        facts: dict[str, float] = dict(_facts(glb))
        if facts["triangles"] != sample.triangles:
            raise RuntimeError(f"{name}: {facts['triangles']} triangles were exported, not {sample.triangles}")
        facts["export_s"] = round(time.perf_counter() - started, 2)
        _render(folder / "preview.png", sample.preview_px)
        facts["total_s"] = round(time.perf_counter() - started, 2)
        (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        try:
            os.rename(folder, out_dir / name)
        except OSError:  # another process was quicker
            if not (out_dir / name / "facts.json").is_file():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return facts


def main(arguments: list[str]) -> int:
    """Make the samples named on the command line; print a line of JSON for each."""
    if len(arguments) < 2 or not set(arguments[1:]) <= set(SAMPLES):
        print(f"usage: make_models OUT_DIR NAME...  (names: {', '.join(SAMPLES)})", file=sys.stderr)
        return 2
    out_dir = Path(arguments[0])
    out_dir.mkdir(parents=True, exist_ok=True)
    for name in arguments[1:]:
        if not (out_dir / name).is_dir():
            print(json.dumps({"name": name, **make(name, out_dir)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
