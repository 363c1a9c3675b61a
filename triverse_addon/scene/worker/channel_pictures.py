# SPDX-License-Identifier: GPL-3.0-or-later
"""
Give roughness and metallic a picture each, for exporters that do not know channels of one picture.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


def surfaces() -> list[Any]:
    """Return the Principled BSDF nodes of all materials."""
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree is not None]
    return [node for tree in trees for node in tree.nodes if node.type == "BSDF_PRINCIPLED"]


@contextmanager
def apart() -> Iterator[None]:
    """
    Link roughness and metallic of all materials to grey pictures of their own, as long as the context lasts.

    glTF has both in one picture, behind a Separate Color node. The exporters of FBX and OBJ only follow a link that
    leads to a picture directly (``findings/fbx-obj-packed-channels.sh``). The new images are packed.
    """
    made: dict[tuple[str, int, float], bpy.types.Image] = {}
    changed = []
    for surface in surfaces():
        tree = surface.id_data
        for socket in (surface.inputs["Roughness"], surface.inputs["Metallic"]):
            found = _channel(socket)
            if found is None:
                continue
            node, channel, factor = found
            key = (node.image.name, channel, factor)
            if key not in made:
                made[key] = _grey(node.image, f"{node.image.name}-{socket.name.lower()}", channel, factor)
            before = socket.links[0].from_socket
            direct = tree.nodes.new("ShaderNodeTexImage")
            direct.image, direct.extension = made[key], node.extension
            if node.inputs["Vector"].is_linked:
                tree.links.new(node.inputs["Vector"].links[0].from_socket, direct.inputs["Vector"])
            tree.links.new(direct.outputs["Color"], socket)
            changed.append((tree, direct, before, socket))
    try:
        yield
    finally:
        for tree, direct, before, socket in changed:
            tree.links.new(before, socket)
            tree.nodes.remove(direct)
        for image in made.values():
            bpy.data.images.remove(image)


def _channel(socket: Any) -> tuple[Any, int, float] | None:
    """
    Return the picture behind an input, the number of its channel, and the factor that it is multiplied by.

    That is what the glTF importer makes of a picture for both: Separate Color, and Multiply for a factor.

    :return: None if something else, or nothing, is linked.
    """
    factor = 1.0
    link = socket.links[0] if socket.is_linked else None
    if link is not None and link.from_node.type == "MATH" and link.from_node.operation == "MULTIPLY":
        first, second = link.from_node.inputs[:2]
        if first.is_linked == second.is_linked:
            return None
        linked, free = (first, second) if first.is_linked else (second, first)
        link, factor = linked.links[0], free.default_value
    if link is None or link.from_node.type != "SEPARATE_COLOR" or link.from_node.mode != "RGB":
        return None
    colour = link.from_node.inputs[0]
    node = colour.links[0].from_node if colour.is_linked else None
    if node is None or node.type != "TEX_IMAGE" or node.image is None or not node.image.size[0]:
        return None
    return node, list(link.from_node.outputs).index(link.from_socket), factor


def _grey(image: Any, name: str, channel: int, factor: float) -> bpy.types.Image:
    """Return a packed grey image of a channel, as large as the image."""
    import numpy  # where it is missing, the child still starts, and says so

    width, height = image.size
    pixels = numpy.empty(width * height * 4, numpy.float32)
    image.pixels.foreach_get(pixels)
    texels = pixels.reshape(-1, 4)
    texels[:, :3] = texels[:, channel, None] * factor
    texels[:, 3] = 1.0
    grey = bpy.data.images.new(name, width, height, is_data=True)
    grey.pixels.foreach_set(pixels)
    grey.pack()
    return grey
