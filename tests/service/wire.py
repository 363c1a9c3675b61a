# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers go out, whole or harmed: files with Range and ETag, error pages, resets. Server thread; no ``bpy``."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .faults import Fault
from .flows import Refused
from .payloads import failure
from .records import Request

CHUNK_BYTES = 256 * 1024
FAULT = web.RequestKey("fault", Fault)
ENTRY = web.RequestKey("entry", Request)
_NO_FAULT = Fault()
_CODES = {400: 1004, 401: 1001, 403: 1002, 404: 1006, 409: 2005, 429: 2000, 500: 5004, 503: 5003}


def fault_of(request: web.Request) -> Fault:
    """Return the rule that applies to a request, or one that does nothing."""
    fault: Fault = request.get(FAULT, _NO_FAULT)
    return fault


def reset(request: web.Request) -> web.Response:
    """Reset the connection (RST, not FIN). What is returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=499)


# -----------------------------------------------------------------------------
# Answers in place of the real one


async def fault_answer(request: web.Request, fault: Fault, asset_base: str) -> web.StreamResponse:
    """Return the answer that a rule puts in place of the real one."""
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    status = fault.status or 200
    if fault.gzip_bomb_mb:
        return await _gzip_bomb(request, fault)
    if fault.redirect:
        headers["Location"] = _target(request, fault.redirect, asset_base)
        return web.Response(status=fault.status or 302, headers=headers)
    if fault.expired:
        return storage_error(fault.status or 403, "AccessDenied", "Request has expired")
    if fault.html:
        text = f"<html><head><title>{status}</title></head><body><h1>{fault.message}</h1><hr>nginx</body></html>"
        return _plain(text.encode(), status, fault.content_type or "text/html", headers)
    if fault.garbage:
        return _plain(b'{"code": 0, "data": {"task' + secrets.token_bytes(40), status, fault.content_type, headers)
    if fault.empty:
        return _plain(b"", status, fault.content_type, headers)
    if fault.body is not None:
        return _plain(fault.body.encode(), status, fault.content_type, headers)
    code = fault.code if fault.code is not None else _CODES.get(status, 5000)
    told: dict[str, Any] = failure(Refused(code, status, fault.message, fault.suggestion))
    if not fault.envelope:
        told = {"detail": fault.message}
    return _plain(json.dumps(told).encode(), status, fault.content_type, headers)


def _plain(body: bytes, status: int, content_type: str | None, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=body, status=status, headers={"Content-Type": content_type or "application/json", **headers}
    )


def _target(request: web.Request, redirect: str, asset_base: str) -> str:
    if redirect == "other_host":
        return f"http://localhost:{urlsplit(asset_base).port}{request.raw_path}"
    if redirect == "http":
        return f"http://files.example.invalid{request.path}"
    return request.raw_path if redirect == "loop" else redirect


async def _gzip_bomb(request: web.Request, fault: Fault) -> web.StreamResponse:
    response = web.StreamResponse(status=fault.status or 200)
    response.content_type = fault.content_type or "application/json"
    response.headers["Content-Encoding"] = "gzip"
    await response.prepare(request)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(fault.gzip_bomb_mb):
        await response.write(packer.compress(b" " * 1024 * 1024) + packer.flush(zlib.Z_SYNC_FLUSH))
    await response.write(packer.flush())
    await response.write_eof()
    return response


def storage_error(status: int, code: str, message: str) -> web.Response:
    """Return an error as object storage writes it: XML, not the service's envelope."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{secrets.token_hex(8).upper()}</RequestId></Error>"
    )
    return web.Response(text=text, status=status, content_type="application/xml")


# -----------------------------------------------------------------------------
# Bodies


async def send(
    request: web.Request,
    source: bytes | Path,
    *,
    status: int = 200,
    headers: dict[str, str],
    etag: str = "",
) -> web.StreamResponse:
    """Send a body, in the way that the request's rule wants it.

    :param source: the bytes, or a file.
    :param headers: with Content-Type.
    :param etag: of a file, without quotes; given, Range and If-Range are honoured.
    """
    fault = fault_of(request)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    first, last = 0, size
    headers = dict(headers)
    if fault.content_type:
        headers["Content-Type"] = fault.content_type
    if etag:
        headers["Accept-Ranges"] = "bytes"
        tag = f'"{secrets.token_hex(16)}"' if fault.new_etag else f'"{etag}"'
        if not fault.no_etag:
            headers["ETag"] = tag
        asked = None if fault.ignore_range else _range(request, tag, size)
        if asked is not None:
            first, last = asked
            if first >= size:
                return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
            status = 206
            headers["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
    response = web.StreamResponse(status=status, headers=headers)
    if not fault.chunked:
        response.content_length = max(0, last - first + fault.length_change)
    elif request.version >= (1, 1):
        response.enable_chunked_encoding()
    cut = min(marks) if (marks := [m for m in (fault.truncate_at_byte, fault.reset_at_byte) if m is not None]) else None
    if cut is not None or fault.length_change:
        response.force_close()
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    sent = 0
    for piece in pieces(source, first, last, fault):
        whole, room = piece, None if cut is None else cut - sent
        if room is not None:
            whole = piece[: max(0, room)]
        if whole:
            await response.write(whole)
            sent += len(whole)
            request[ENTRY].sent_bytes = sent
        if cut is not None and sent >= cut:
            return await _break_off(request, response, fault)
        if fault.stall_at_byte is not None and sent == fault.stall_at_byte:
            await fault.wait(fault.stall_s)
        if fault.drip_bytes:
            await fault.wait(fault.drip_s)
    await response.write_eof()
    return response


async def _break_off(request: web.Request, response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    """End a connection in the middle of a body."""
    if fault.reset_at_byte is not None:
        # What lies unsent in the socket's buffer is thrown away by a reset: let the client have it first.
        await asyncio.sleep(0.1)
        reset(request)
    elif request.transport is not None:
        request.transport.close()
    return response


def _range(request: web.Request, tag: str, size: int) -> tuple[int, int] | None:
    """Return first and last + 1 of what is asked for; None = everything."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", "").strip())
    if not asked or request.headers.get("If-Range", tag) != tag:
        return None
    return int(asked[1]), min(size, int(asked[2]) + 1) if asked[2] else size


def pieces(source: bytes | Path, first: int, last: int, fault: Fault) -> Iterator[bytes]:
    """Yield a body piece by piece; one ends where a rule wants to stall."""
    step = fault.drip_bytes or CHUNK_BYTES
    stops = [last] if fault.stall_at_byte is None else sorted({min(last, first + fault.stall_at_byte), last})
    stream = None if isinstance(source, bytes) else source.open("rb")
    try:
        at = first
        for stop in stops:
            while at < stop:
                upto = min(stop, at + step)
                if isinstance(source, bytes):
                    yield source[at:upto]
                elif stream is not None:
                    stream.seek(at)
                    yield stream.read(upto - at)
                at = upto
    finally:
        if stream is not None:
            stream.close()
