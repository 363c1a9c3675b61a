# SPDX-License-Identifier: GPL-3.0-or-later
"""
Describe what an import made, in everything that an artist can see or use, and tell two descriptions apart.

No floor (development only). Main thread of a Blender. Imports ``bpy``.

Numbers are rounded, so that a matrix that went through location, rotation and scale is the same as before.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import bpy
import numpy

_DIGITS = 4
#: What Blender itself keeps in a mesh; everything else is an attribute of the file.
_BUILT_IN = {"position", "material_index", "sharp_face", "sharp_edge", "custom_normal", "UVMap", "crease_edge"}


def describe(objects: Iterable[bpy.types.Object]) -> dict[str, Any]:
    """Return a description of objects, as JSON values."""
    bpy.context.view_layer.update()
    return {
        "objects": sorted((_object(obj) for obj in objects), key=lambda one: json.dumps(one, sort_keys=True)),
        "actions": sorted((_action(one) for one in bpy.data.actions), key=json.dumps),
        "variants": _variants(),
    }


def differences(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Return what is otherwise in ``ours``, a line each; empty if nothing is."""
    found = []
    before, now = Counter(_keys(theirs["objects"])), Counter(_keys(ours["objects"]))
    for missing in (before - now).elements():
        found.append(f"missing: {missing}")
    for more in (now - before).elements():
        found.append(f"more: {more}")
    if not found:
        by_key = {_key(one): one for one in ours["objects"]}
        for one in theirs["objects"]:
            found += _object_differences(one, by_key[_key(one)])
    for what in ("actions", "variants"):
        if theirs[what] != ours[what]:
            found.append(f"{what}: {json.dumps(theirs[what])[:300]} -> {json.dumps(ours[what])[:300]}")
    return found


def without_wrappers(theirs: dict[str, Any]) -> dict[str, Any]:
    """Return a description without the empties that only wrap the model, which our path removes."""
    left = list(theirs["objects"])
    while True:
        children = Counter(one["parent"] for one in left if one["parent"])
        top = next((one for one in left if not one["parent"] and _wraps(one) and children[one["name"]] == 1), None)
        if top is None:
            return {**theirs, "objects": left}
        left.remove(top)
        left = [{**one, "parent": "" if one["parent"] == top["name"] else one["parent"]} for one in left]


def _wraps(one: dict[str, Any]) -> bool:
    return (
        one["type"] == "EMPTY"
        and not one["properties"]
        and not one["animation"]
        and all(abs(row[3]) < 1e-6 for row in one["matrix"][:3])
    )


def _key(one: dict[str, Any]) -> str:
    return f"{one['type']} {one['name']}"


def _keys(objects: Iterable[dict[str, Any]]) -> list[str]:
    return [_key(one) for one in objects]


def _object_differences(theirs: Any, ours: Any, path: str = "") -> list[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            line
            for name in sorted(theirs.keys() | ours.keys())
            for line in _object_differences(theirs.get(name), ours.get(name), f"{path}.{name}" if path else name)
        ]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [
            line
            for number, (one, other) in enumerate(zip(theirs, ours, strict=True))
            for line in _object_differences(one, other, f"{path}[{number}]")
        ]
    return [] if _same(theirs, ours) else [f"{path}: {theirs!r} -> {ours!r}"]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 2 * 10**-_DIGITS * max(1.0, abs(one))
    return bool(one == other)


def _object(obj: bpy.types.Object) -> dict[str, Any]:
    described = {
        "name": obj.name,
        "type": obj.type,
        "parent": obj.parent.name if obj.parent is not None else "",
        "parent_bone": obj.parent_bone if obj.parent_type == "BONE" else "",
        "matrix": _matrix(_world(obj)),
        "is_visible": obj.visible_get(),
        "hide": [obj.hide_viewport, obj.hide_render],
        "modifiers": [modifier.type for modifier in obj.modifiers],
        "groups": [group.name for group in obj.vertex_groups],
        "properties": _properties(obj),
        "animation": _animation(obj),
        "instance": obj.instance_type,
    }
    if obj.type == "MESH":
        described["data"] = _mesh(obj.data)
    elif obj.type == "ARMATURE":
        described["data"] = [
            [bone.name, bone.parent.name if bone.parent else "", _matrix(bone.matrix_local), _rounded([bone.length])]
            for bone in obj.data.bones
        ]
    elif obj.type == "LIGHT":
        light = obj.data
        described["data"] = [light.type, *_rounded([light.energy, *light.color])]
        described["data"] += _rounded([light.spot_size, light.spot_blend]) if light.type == "SPOT" else []
    elif obj.type == "CAMERA":
        camera = obj.data
        described["data"] = [
            camera.type,
            *_rounded([camera.angle, camera.ortho_scale, camera.clip_start, camera.clip_end]),
        ]
    return described


def _world(obj: bpy.types.Object) -> Any:
    """Return where an object stands; one that is excluded from the view layer is not computed by Blender."""
    if obj.visible_get() or obj.parent_type == "BONE":
        return obj.matrix_world
    if obj.parent is None:
        return obj.matrix_basis
    return _world(obj.parent) @ obj.matrix_parent_inverse @ obj.matrix_basis


def _mesh(mesh: bpy.types.Mesh) -> dict[str, Any]:
    return {
        "counts": [len(mesh.vertices), len(mesh.edges), len(mesh.polygons), len(mesh.loops)],
        "triangles": len(mesh.loops) - 2 * len(mesh.polygons),
        "corners": _digest(mesh.loops, "vertex_index", 1, int),
        "positions": _digest(mesh.vertices, "co", 3),
        "smooth": _digest(mesh.polygons, "use_smooth", 1, bool),
        "normals": _digest(mesh.corner_normals, "vector", 3, digits=2) if len(mesh.polygons) else "",
        "uvs": [[layer.name, _digest(layer.uv, "vector", 2)] for layer in mesh.uv_layers],
        "colors": [
            [layer.name, layer.domain, layer.data_type, _digest(layer.data, "color", 4)]
            for layer in mesh.color_attributes
        ],
        "attributes": sorted(_attributes(mesh)),
        "slots": _digest(mesh.polygons, "material_index", 1, int),
        "materials": [_material(material) for material in mesh.materials],
        "shape_keys": [
            [key.name, *_rounded([key.value]), _digest(key.data, "co", 3)]
            for key in (mesh.shape_keys.key_blocks if mesh.shape_keys else ())
        ],
        "shape_animation": _animation(mesh.shape_keys) if mesh.shape_keys else [],
        "properties": _properties(mesh),
    }


def _attributes(mesh: bpy.types.Mesh) -> list[list[str]]:
    known = _BUILT_IN | {layer.name for layer in (*mesh.uv_layers, *mesh.color_attributes)}
    found = []
    for attribute in mesh.attributes:
        if attribute.name in known or attribute.name.startswith("."):
            continue
        names = {"FLOAT": ("value", 1), "INT": ("value", 1), "FLOAT2": ("vector", 2), "FLOAT_VECTOR": ("vector", 3)}
        name, width = names.get(attribute.data_type, ("", 0))
        digest = _digest(attribute.data, name, width) if name else ""
        found.append([attribute.name, attribute.domain, attribute.data_type, digest])
    return found


def _material(material: bpy.types.Material | None) -> Any:
    if material is None:
        return None
    nodes = material.node_tree.nodes if material.node_tree is not None else ()
    links = material.node_tree.links if material.node_tree is not None else ()
    return {
        "name": material.name,
        "culling": material.use_backface_culling,
        "method": getattr(material, "surface_render_method", ""),
        "properties": _properties(material),
        "nodes": sorted((_node(node) for node in nodes), key=lambda one: json.dumps(one, sort_keys=True)),
        "links": sorted(
            [link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier]
            for link in links
        ),
    }


def _node(node: bpy.types.Node) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": node.name,
        "type": node.bl_idname,
        "inputs": [[one.identifier, _value(one.default_value)] for one in node.inputs if hasattr(one, "default_value")],
    }
    for name in ("operation", "blend_type", "extension", "interpolation", "uv_map", "layer_name", "space"):
        if hasattr(node, name):
            described[name] = getattr(node, name)
    if node.bl_idname == "ShaderNodeTexImage":
        described["image"] = _image(node.image)
    return described


def _image(image: bpy.types.Image | None) -> Any:
    if image is None:
        return None
    packed = image.packed_file.data if image.packed_file is not None else b""
    return {
        "size": list(image.size),
        "bytes": hashlib.sha256(packed).hexdigest()[:16],
        "colors": image.colorspace_settings.name,
        "alpha": image.alpha_mode,
    }


def _value(value: Any) -> Any:
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return round(value, _DIGITS)
    try:
        return _rounded(value)
    except TypeError:
        return str(type(value))


def _properties(block: Any) -> dict[str, str]:
    return {
        name: json.dumps(_plain(block[name]), sort_keys=True)
        for name in block.keys()  # noqa: SIM118 -- a data-block, no dict
        if not name.startswith(("triverse_", "cycles")) and name not in ("gltf2_mesh_applied_weights",)
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    if hasattr(value, "to_list"):
        return _plain(value.to_list())
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return (
        value
        if isinstance(value, (bool, int, str))
        else round(value, _DIGITS)
        if isinstance(value, float)
        else str(type(value))
    )


def _animation(block: Any) -> list[Any]:
    data = block.animation_data
    if data is None:
        return []
    tracks = [
        [track.name, [strip.action.name if strip.action else "" for strip in track.strips]] for track in data.nla_tracks
    ]
    return [data.action.name if data.action else "", tracks]


def _action(action: bpy.types.Action) -> list[Any]:
    return [action.name, sorted((_curve(curve) for curve in _curves(action)), key=json.dumps)]


def _curves(action: bpy.types.Action) -> list[Any]:
    # Layered actions from 4.4 on; 5.0 has nothing else.
    if hasattr(action, "layers"):
        return [
            curve
            for layer in action.layers
            for strip in layer.strips
            for bag in strip.channelbags
            for curve in bag.fcurves
        ]
    return list(action.fcurves)


def _curve(curve: Any) -> list[Any]:
    return [
        curve.data_path,
        curve.array_index,
        [[*_rounded(point.co), point.interpolation] for point in curve.keyframe_points],
    ]


def _variants() -> list[str]:
    scene = bpy.context.scene
    return [one.name for one in getattr(scene, "gltf2_KHR_materials_variants_variants", ())]


def _matrix(matrix: Any) -> list[list[float]]:
    return [_rounded(row) for row in matrix]


def _rounded(numbers: Iterable[float]) -> list[float]:
    return [round(float(number), _DIGITS) + 0.0 for number in numbers]


def _digest(items: Any, name: str, width: int, kind: type = float, digits: int = _DIGITS) -> str:
    values = numpy.empty(
        len(items) * width, dtype=numpy.float32 if kind is float else numpy.int32 if kind is int else bool
    )
    items.foreach_get(name, values)
    if kind is float:
        values = numpy.round(values.astype(numpy.float64), digits) + 0.0
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]
