# SPDX-License-Identifier: GPL-3.0-or-later
"""
Detects the format of a model file by its content.

Ground floor; any thread; no ``bpy``.

File names are not checked: any text could be called ``.obj``, any archive ``.usdz``, and would be uploaded.
"""

from __future__ import annotations

import re

#: Number of bytes needed for detection. An OBJ may begin with pages of comments.
HEAD_BYTES = 65_536

#: Lines of an OBJ (Wavefront, appendix B1), except "call" and "csh", which run something and which no model needs.
_OBJ_LINE = re.compile(
    rb"(?:#.*|v(?P<vertex>[ \t]+[+-]?[\d.][\d.eE+-]*){3,8}|(?:v[tnp]|f|fo|l|p|s|mg|deg|bmat|step|curv2?|surf|parm|trim"
    rb"|hole|scrv|sp|con|end|cstype|ctech|stech|lod|bevel|[cd]_interp)(?:[ \t]+[\w.+/-]+)*"
    rb"|(?:o|g|usemtl|mtllib|usemap|maplib|shadow_obj|trace_obj)(?:[ \t].*)?)?[ \t]*"
)


def model_type(head: bytes, size_bytes: int) -> str | None:
    """
    Return the content type of a model that begins with ``head``; None for formats that the service cannot accept.

    :param head: the first :data:`HEAD_BYTES` of the file, or all of it.
    :param size_bytes: size of the whole file.
    """
    if head.startswith(b"glTF"):
        return "model/gltf-binary"
    if head.startswith(b"Kaydara FBX Binary"):
        return "application/octet-stream"
    if re.match(rb"ply\r?\n(?:comment[^\n]*\n|obj_info[^\n]*\n)*format ", head):
        return "model/ply"
    if _is_stl(head, size_bytes):
        return "model/stl"
    if _is_usdz(head):
        return "model/vnd.usdz+zip"
    return "model/obj" if _is_obj(head, size_bytes) else None


def _is_stl(head: bytes, size_bytes: int) -> bool:
    if len(head) >= 84 and size_bytes == 84 + 50 * int.from_bytes(head[80:84], "little"):
        return True
    return re.match(rb"\s*solid\b[^\n]*\n\s*(?:facet\s+normal|endsolid)\b", head) is not None


def _is_usdz(head: bytes) -> bool:
    """Check the name of the first entry of the archive, which must be the scene (USDZ 1.3)."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return name.lower().endswith((b".usd", b".usda", b".usdc"))


def _is_obj(head: bytes, size_bytes: int) -> bool:
    if b"\0" in head:
        return False
    # A backslash at the end continues a line.
    lines = head.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    pieces = lines.replace(b"\\\n", b" ").split(b"\n")
    if len(head) < size_bytes:
        del pieces[-1]
    found = [_OBJ_LINE.fullmatch(piece.strip()) for piece in pieces]
    return all(found) and any(match is not None and match["vertex"] for match in found)
