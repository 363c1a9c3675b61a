# SPDX-License-Identifier: GPL-3.0-or-later
"""``POST /upload/image`` and ``/upload/model``: multipart, checked by the first bytes. Server thread; no ``bpy``."""

from __future__ import annotations

import hashlib
import re
import secrets

from aiohttp import BodyPartReader, web

from . import app, models
from .flows import Refused, invalid
from .payloads import envelope
from .records import Upload
from .service import SERVICE

_MB = 1024 * 1024


async def upload(request: web.Request) -> web.StreamResponse:
    """Take a file in and answer its `file_key`."""
    state, user, kind = request.app[SERVICE].state, app.user_of(request), request.match_info["kind"]
    variant = request.query.get("modelVariant")
    if kind == "model" and variant not in ("geometry", "textured"):
        raise invalid("modelVariant is invalid", "Choose geometry or textured.")
    state.begin_upload(user)
    if not request.content_type.startswith("multipart/"):
        raise invalid("the body is not multipart/form-data", "Send the file as the part named file.")
    limit = state.settings.max_image_bytes if kind == "image" else state.settings.max_model_bytes
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name == "file":
            break
    else:
        raise invalid("file is required", "Send the file as the part named file.")
    head, digest, size = b"", hashlib.sha256(), 0
    while chunk := await part.read_chunk(256 * 1024):
        head = (head + chunk)[:4096] if len(head) < 4096 else head
        digest.update(chunk)
        size += len(chunk)
        if size > limit:
            raise invalid("file is too large", f"Send at most {limit // _MB} MB.")
    if size == 0:
        raise invalid("file is empty", "Choose another file.")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", part.filename or "file")[-80:]
    content_type = part.headers.get("Content-Type", "")
    if kind == "image":
        _check_image(head, content_type)
        if models.has_word(name, "forbidden"):
            raise Refused(2008, 400, "content violates the usage policy", "Choose another picture.")
    else:
        _check_model(head, name, content_type)
    kept = Upload(
        f"uploads/{user.name}/{secrets.token_hex(8)}/{name}", name, content_type, size, digest.hexdigest(), variant
    )
    state.add_upload(kept)
    return web.json_response(envelope({"file_key": kept.file_key}))


def _check_image(head: bytes, content_type: str) -> None:
    kinds = {"image/jpeg": head[:3] == b"\xff\xd8\xff", "image/png": head[:8] == b"\x89PNG\r\n\x1a\n"}
    kinds["image/webp"] = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    if not kinds.get(content_type, False):
        raise Refused(2004, 400, "unsupported file type", "Send a JPEG, PNG or WebP, with its own content type.")


def _check_model(head: bytes, name: str, content_type: str) -> None:
    suffix = name.lower().rpartition(".")[2]
    glb, right_type = head[:4] == b"glTF", content_type == "model/gltf-binary"
    # The pages name ".glb, .obj …": other suffixes are refused here, so that a client shows that it can bear it.
    if glb != (suffix == "glb") or glb != right_type or (not glb and suffix != "obj"):
        raise Refused(2004, 400, "unsupported file type", "Send a .glb as model/gltf-binary, or an .obj.")
