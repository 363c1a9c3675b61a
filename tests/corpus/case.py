# SPDX-License-Identifier: GPL-3.0-or-later
"""What a case of the corpus is, and what many of them are made with. Plain Python, no ``bpy``."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import Any

from tests.corpus.builder import Glb, normals, uvs

EQUAL = "equal"
"""Our path gives what Blender's importer gives."""
DESIGNED = "differs as designed"
"""It gives something else on purpose; ``docs/models.md`` says why."""
REFUSED = "refused"
"""Neither reads it."""


@dataclass(frozen=True)
class Case:
    """One file.

    Args:
        name: of the file, without suffix; its first part is the group.
        expected: EQUAL, DESIGNED or REFUSED.
        reads: what Blender does with the file itself: "yes", "no" (it fails, or makes nothing), or "" for either, by
            version.
    """

    name: str
    data: bytes
    expected: str = EQUAL
    reads: str = "yes"


# The same picture of 8 x 8 pixels three times, written by Pillow.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYV"
    "pQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAI"
    "AAgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhBy"
    "JxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKT"
    "lJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAA"
    "AAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRom"
    "JygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExc"
    "bHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwCtpnh3p8n6UUUVy1sXV59zTLMdW+rrU//Z"
)
WEBP = base64.b64decode(
    "UklGRkQAAABXRUJQVlA4IDgAAADQAQCdASoIAAgAAsBMJbACdAD0MaxAAAD+8ad5vDCBK46si+GWLKzuoS7Rv/N9T+hHeP9O5VwAAA=="
)
BMP = base64.b64decode(
    "Qk32AAAAAAAAADYAAAAoAAAACAAAAAgAAAABABgAAAAAAMAAAADEDgAAxA4AAAAAAAAAAAAAgOAAgOAggOBAgOBggOCAgOCggODAgODggMAAgM"
    "AggMBAgMBggMCAgMCggMDAgMDggKAAgKAggKBAgKBggKCAgKCggKDAgKDggIAAgIAggIBAgIBggICAgICggIDAgIDggGAAgGAggGBAgGBggGCA"
    "gGCggGDAgGDggEAAgEAggEBAgEBggECAgECggEDAgEDggCAAgCAggCBAgCBggCCAgCCggCDAgCDggAAAgAAggABAgABggACAgACggADAgADg"
)


def one(glb: Glb, mesh: int | None = None, **node: Any) -> Glb:
    """Put one node with a mesh into the scene."""
    glb.scene(glb.node("Thing", mesh=glb.mesh() if mesh is None else mesh, **node))
    return glb


def surface(glb: Glb, **material: Any) -> Glb:
    """Put a box with texture coordinates and this material into the scene."""
    index = glb.add("materials", name="Paint", **material)
    return one(
        glb, glb.mesh(glb.primitive(material=index, TEXCOORD_0=glb.accessor(uvs()), NORMAL=glb.accessor(normals())))
    )


def floats(*numbers: float) -> bytes:
    """Return numbers as the buffer holds them."""
    return struct.pack(f"<{len(numbers)}f", *numbers)
