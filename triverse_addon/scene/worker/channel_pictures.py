# SPDX-License-Identifier: GPL-3.0-or-later
"""
Link pictures directly to the inputs of materials, for exporters that follow no other link.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from . import colours, png_pictures
else:
    import colours
    import png_pictures

#: Inputs whose value is a channel of a picture in glTF, and those that have its colour.
_CHANNELS = ("Roughness", "Metallic")
_COLOURS = ("Base Color", "Emission Color")
_UNCHANGED = (1.0, 1.0, 1.0)


def surfaces() -> list[Any]:
    """Return the Principled BSDF nodes of all materials."""
    trees = [material.node_tree for material in bpy.data.materials if material.node_tree is not None]
    return [node for tree in trees for node in tree.nodes if node.type == "BSDF_PRINCIPLED"]


@contextmanager
def lit() -> Iterator[None]:
    """
    Give unlit materials a surface of the same colour, as long as the context lasts.

    The glTF importer makes them of an Emission node, behind which the exporters of FBX, OBJ and USD find nothing, so a
    model with a picture was grey.
    """
    changed = []
    for tree in [material.node_tree for material in bpy.data.materials if material.node_tree is not None]:
        nodes: dict[str, Any] = {node.type: node for node in tree.nodes}
        output, emission = nodes.get("OUTPUT_MATERIAL"), nodes.get("EMISSION")
        if "BSDF_PRINCIPLED" in nodes or output is None or emission is None or not output.inputs["Surface"].is_linked:
            continue
        colour, before = emission.inputs["Color"], output.inputs["Surface"].links[0].from_socket
        surface: Any = tree.nodes.new("ShaderNodeBsdfPrincipled")
        surface.inputs["Roughness"].default_value = 1.0
        surface.inputs["Base Color"].default_value = colour.default_value
        if colour.is_linked:
            tree.links.new(colour.links[0].from_socket, surface.inputs["Base Color"])
        alpha = _alpha_behind(before.node)
        if alpha is not None:
            surface.inputs["Alpha"].default_value = alpha.default_value
            if alpha.is_linked:
                tree.links.new(alpha.links[0].from_socket, surface.inputs["Alpha"])
        tree.links.new(surface.outputs["BSDF"], output.inputs["Surface"])
        changed.append((tree, surface, before, output))
    try:
        yield
    finally:
        for tree, surface, before, output in changed:
            tree.nodes.remove(surface)
            tree.links.new(before, output.inputs["Surface"])


def _alpha_behind(shader: Any) -> Any:
    """
    Return the input with the alpha of an unlit material; None if it is opaque.

    The importer mixes two shaders for it, outside of the two that it mixes by what kind a ray is.
    """
    if shader.type != "MIX_SHADER":
        return None
    factor = shader.inputs[0]
    is_of_rays = factor.is_linked and factor.links[0].from_node.type == "LIGHT_PATH"
    return None if is_of_rays else factor


@contextmanager
def apart(*, only_factors: bool = False) -> Iterator[None]:
    """
    Link inputs of all materials directly to pictures that look as what they are linked to, as long as this lasts.

    glTF has roughness and metallic in one picture, behind a Separate Color node, and multiplies pictures by factors and
    by the colours of vertices. The exporters of FBX and OBJ only follow a link that leads to a picture directly, and
    write no picture otherwise (``findings/fbx-obj-packed-channels.sh``). That of USD finds the picture, but not the
    factor. The new images are packed. Vertex colours are left out: FBX and USD hold them apart from the picture.

    :param only_factors: whether only pictures are made that are multiplied by a factor, and stay as they are linked.
    """
    made: dict[tuple[object, ...], bpy.types.Image] = {}
    changed = []
    exchanged = []
    for surface in surfaces():
        if only_factors:
            exchanged += _multiply_channels(surface, made)
        for socket in (surface.inputs[name] for name in (_COLOURS if only_factors else (*_CHANNELS, *_COLOURS))):
            found = _channel(socket) if socket.name in _CHANNELS else _colour(socket)
            if found is None:
                continue
            node, channel, factors = found
            image = node.image
            if factors != _UNCHANGED or channel is not None:
                key = (image.name, channel, factors)
                if key not in made:
                    made[key] = _made(image, f"{image.name}-{socket.name.lower()}", channel, factors)
                image = made[key]
            elif only_factors:
                continue
            changed.append(_link(socket, node, image))
    try:
        yield
    finally:
        for tree, direct, before, socket in changed:
            tree.links.new(before, socket)
            tree.nodes.remove(direct)
        for node, image, before, socket in exchanged:
            node.image = image
            node.id_data.links.new(before, socket)
        for image in made.values():
            bpy.data.images.remove(image)


def _multiply_channels(surface: Any, made: dict[tuple[object, ...], bpy.types.Image]) -> list[tuple[Any, ...]]:
    """
    Multiply the channels of a picture by the factors of roughness and metallic, and link these without them.

    :param made: images by what they are made of.
    :return: for each input, the node with the picture, its own image, what the input was linked to, and the input.
    """
    found = {name: _channel(surface.inputs[name]) for name in _CHANNELS}
    nodes = {one[0]: one[0].image for one in found.values() if one is not None and one[2] != _UNCHANGED}
    exchanged = []
    for node, image in nodes.items():
        factors = list(_UNCHANGED)
        for name, one in found.items():
            if one is None or one[0] != node:
                continue
            socket = surface.inputs[name]
            exchanged.append((node, image, socket.links[0].from_socket, socket))
            factors[one[1]] = one[2][0]
            direct, _ = _without_factor(socket)
            surface.id_data.links.new(direct, socket)
        key = (image.name, None, tuple(factors))
        if key not in made:
            made[key] = _made(image, f"{image.name}-factors", None, tuple(factors))
        node.image = made[key]
    return exchanged


def _without_factor(socket: Any) -> tuple[Any, float]:
    """Return the output behind an input and behind a factor, and the factor; None if there is no such output."""
    if not socket.is_linked:
        return None, 1.0
    before = socket.links[0].from_socket
    if before.node.type != "MATH" or before.node.operation != "MULTIPLY":
        return before, 1.0
    first, second = before.node.inputs[:2]
    if first.is_linked == second.is_linked:
        return None, 1.0
    linked, free = (first, second) if first.is_linked else (second, first)
    return linked.links[0].from_socket, free.default_value


def _link(socket: Any, node: Any, image: bpy.types.Image) -> tuple[Any, Any, Any, Any]:
    """
    Link ``socket`` to an image, with the texture coordinates of ``node``.

    :return: node tree, the new node, what the socket was linked to before, and the socket.
    """
    tree, before = socket.id_data, socket.links[0].from_socket
    direct = tree.nodes.new("ShaderNodeTexImage")
    direct.image, direct.extension = image, node.extension
    if node.inputs["Vector"].is_linked:
        tree.links.new(node.inputs["Vector"].links[0].from_socket, direct.inputs["Vector"])
    tree.links.new(direct.outputs["Color"], socket)
    return tree, direct, before, socket


def _channel(socket: Any) -> tuple[Any, int, tuple[float, ...]] | None:
    """
    Return the picture behind an input, the number of its channel, and the factors that it is multiplied by.

    That is what the glTF importer makes of a picture for both: Separate Color, and Multiply for a factor.

    :return: None if something else, or nothing, is linked.
    """
    output, factor = _without_factor(socket)
    if output is None or output.node.type != "SEPARATE_COLOR" or output.node.mode != "RGB":
        return None
    colour = output.node.inputs[0]
    node = colour.links[0].from_node if colour.is_linked else None
    if not has_picture(node):
        return None
    return node, list(output.node.outputs).index(output), (factor,) * 3


def _colour(socket: Any) -> tuple[Any, None, tuple[float, ...]] | None:
    """
    Return the picture behind an input, None for all its channels, and the factors that they are multiplied by.

    The glTF importer multiplies it by a factor, and by the colours of vertices, in a Mix node each.

    :return: None if the picture is linked directly, or something else is linked, or nothing.
    """
    factors = _UNCHANGED
    node = before = socket.links[0].from_node if socket.is_linked else None
    while node is not None and node.type == "MIX" and (node.data_type, node.blend_type) == ("RGBA", "MULTIPLY"):
        inputs = {one.identifier: one for one in node.inputs}
        free = [inputs[name] for name in ("A_Color", "B_Color") if not inputs[name].is_linked]
        ahead = [inputs[name].links[0].from_node for name in ("A_Color", "B_Color") if inputs[name].is_linked]
        ahead = [one for one in ahead if one.type not in ("VERTEX_COLOR", "ATTRIBUTE")]
        if inputs["Factor_Float"].is_linked or inputs["Factor_Float"].default_value != 1.0 or len(ahead) != 1:
            return None
        for one in free:
            factors = tuple(known * new for known, new in zip(factors, one.default_value, strict=False))
        node = ahead[0]
    return (node, None, factors) if node is not before and has_picture(node) else None


def has_picture(node: Any) -> bool:
    """Tell whether a node has a picture that can be read; ``node`` may be None."""
    return node is not None and node.type == "TEX_IMAGE" and node.image is not None and node.image.size[0] > 0


def _made(image: Any, name: str, channel: int | None, factors: tuple[float, ...]) -> bpy.types.Image:
    """
    Return a packed image, as large as ``image``.

    :param channel: number of the channel that is its grey; None for the colours.
    :param factors: what its channels are multiplied by; colours as light.
    """
    texels = png_pictures.texels_of(image)
    if channel is not None:
        texels[:, :3] = texels[:, channel, None] * factors[0]
        texels[:, 3] = 1.0
    else:
        for number, factor in enumerate(factors):
            if image.colorspace_settings.is_data:
                texels[:, number] *= factor
                continue
            light = texels[:, number] if image.is_float else colours.light_of(texels[:, number])
            texels[:, number] = colours.shades_of((light * factor).clip(0.0, 1.0))
    is_data = channel is not None or image.colorspace_settings.is_data
    return png_pictures.packed(name, image, texels, is_data=is_data)
