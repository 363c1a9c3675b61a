# SPDX-License-Identifier: GPL-3.0-or-later
"""
Clean up the materials, material slots and images of a model.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy
import numpy

if TYPE_CHECKING:
    from . import asset_collection, geometry
else:
    import asset_collection
    import geometry


def clean_up(collection: bpy.types.Collection) -> None:
    """Merge equal images and materials, remove unused material slots, and name materials and images after the model."""
    _join(bpy.data.images, _content)
    _join(bpy.data.materials, _signature)
    for mesh in geometry.meshes_of(collection.objects):
        _remove_unused_slots(mesh)
    bpy.data.orphans_purge(do_recursive=True)
    materials = dict.fromkeys(
        slot.material for obj in collection.objects for slot in obj.material_slots if slot.material is not None
    )
    for number, material in enumerate(materials, 1):
        material.name = (
            collection.name if len(materials) == 1 else f"{asset_collection.cut(collection.name, 52)} {number}"
        )
        if material.node_tree is not None:
            _name_images(material)


def _join(blocks: Any, signature: Callable[[Any], object]) -> None:
    first: dict[object, bpy.types.ID] = {}
    for block in list(blocks):
        key = signature(block)
        if key in first:
            block.user_remap(first[key])
            blocks.remove(block)
        else:
            first[key] = block


def _content(image: bpy.types.Image) -> object:
    packed = image.packed_file
    if packed is None:
        return image.name
    return hashlib.sha256(packed.data).digest(), image.colorspace_settings.name, image.alpha_mode


def _signature(material: bpy.types.Material) -> object:
    """Return a value that is equal for materials that look the same, whatever their names are."""
    tree = material.node_tree
    if tree is None:
        return material.name
    nodes = sorted(tree.nodes, key=lambda node: node.name)
    number = {node.name: index for index, node in enumerate(nodes)}
    parts = [_node_signature(node) for node in nodes]
    links = sorted(
        (number[link.from_node.name], link.from_socket.identifier, number[link.to_node.name], link.to_socket.identifier)
        for link in tree.links
    )
    look = [
        getattr(material, name, None) for name in ("use_backface_culling", "surface_render_method", "alpha_threshold")
    ]
    # The extras of a glTF material are custom properties.
    extras = sorted((key, _plain(material[key])) for key in material.keys())  # noqa: SIM118
    return repr((parts, links, look, extras))


def _node_signature(node: bpy.types.Node) -> object:
    own = []
    for prop in node.bl_rna.properties:
        if prop.identifier in ("name", "label", "location", "location_absolute", "width", "height", "select", "color"):
            continue
        if prop.type in ("BOOLEAN", "INT", "FLOAT", "ENUM", "STRING") and not prop.is_readonly:
            value = getattr(node, prop.identifier)
            own.append((prop.identifier, tuple(value) if getattr(prop, "is_array", False) else value))
    for name in ("image", "node_tree"):
        own.append((name, getattr(getattr(node, name, None), "name", None)))
    inputs = [(socket.identifier, _value(socket)) for socket in node.inputs]
    return node.bl_idname, own, inputs


def _plain(value: Any) -> object:
    """Return a custom property's value as something whose text tells what is in it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return value.to_list() if hasattr(value, "to_list") else value


def _value(socket: bpy.types.NodeSocket) -> object:
    value = getattr(socket, "default_value", None)
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def _remove_unused_slots(mesh: bpy.types.Mesh) -> None:
    count = len(mesh.materials)
    # Material variants refer to slots by their number, and parts that look the same now differ in another variant.
    if count < 2 or not len(mesh.polygons) or len(getattr(mesh, "gltf2_variant_mesh_data", ())):
        return
    slots = numpy.empty(len(mesh.polygons), dtype=numpy.int32)
    mesh.polygons.foreach_get("material_index", slots)
    slots = numpy.clip(slots, 0, count - 1)
    # Slots with the same material, which merging materials creates, become one.
    materials = list(mesh.materials)
    first = [materials.index(material) for material in materials]
    slots = numpy.array(first)[slots]
    used = sorted(set(slots.tolist()))
    if len(used) == count:
        return
    mesh.materials.clear()
    for slot in used:
        mesh.materials.append(materials[slot])
    mesh.polygons.foreach_set("material_index", numpy.searchsorted(used, slots).astype(numpy.int32))
    mesh.update()


def _name_images(material: bpy.types.Material) -> None:
    for node in material.node_tree.nodes:
        image = getattr(node, "image", None)
        if image is not None:
            use = _use(node)
            image.name = f"{asset_collection.cut(material.name, 40)} {use}" if use else material.name


def _use(node: bpy.types.Node) -> str:
    """Return the name of the Principled BSDF input that an image node leads to, directly or not; "" for none."""
    seen: set[str] = set()
    ahead = [node]
    while ahead:
        for output in ahead.pop().outputs:
            for link in output.links:
                if link.to_node.type == "BSDF_PRINCIPLED":
                    return link.to_socket.name
                if link.to_node.name not in seen:
                    seen.add(link.to_node.name)
                    ahead.append(link.to_node)
    return ""
