# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies that the client reads and sends: compressed, broken off, large, changing. Plain Python, no ``bpy``."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.api.conftest import Connect
from tests.api.raw_server import KEY, PATIENCE_S, RawServer, Visit, answering, body_of, headers_of, raw
from triverse_addon.api import http_session
from triverse_addon.api.client import Client
from triverse_addon.api.errors import BadAnswerError, ConnectionLostError, InputError, InvalidParametersError

UUID = "6fa459ea-ee8a-3ca4-894e-db77e160355e"
BALANCE = {"code": 0, "message": "success", "data": {"balance": 7, "frozen": 0}}
PNG = b"\x89PNG\r\n\x1a\n"

# -----------------------------------------------------------------------------
# Bodies


def test_a_compressed_answer_is_read(connect: Connect) -> None:
    body = gzip.compress(json.dumps(BALANCE).encode())
    head = f"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: {len(body)}"
    with RawServer(raw(head, body)) as server:
        assert connect(server).balance().balance == 7


def test_a_broken_compression_is_no_answer(connect: Connect) -> None:
    with RawServer(raw("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5", b"hello")) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.balance()


def test_a_bomb_is_not_unpacked(connect: Connect) -> None:
    body = gzip.compress(bytes(256 * 1024 * 1024), 9)
    head = f"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: {len(body)}"
    with RawServer(raw(head, body)) as server:
        client = connect(server)
        tracemalloc.start()
        with pytest.raises(BadAnswerError):
            client.balance()
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 4 * http_session.MAX_JSON_BYTES


def test_a_compressed_file_is_refused(connect: Connect) -> None:
    with RawServer(raw("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 5", b"hello")) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.open_asset(server.url)


@pytest.mark.parametrize("label", ["", "identity", "aws-chunked", "None", "Identity, aws-chunked", "utf-8"])
def test_a_file_is_taken_whatever_its_storage_calls_its_form(connect: Connect, label: str) -> None:
    """Storage gives back the label that a file was stored under, which need not be a compression."""
    with RawServer(raw(f"HTTP/1.1 200 OK\nContent-Encoding: {label}\nContent-Length: 5", b"hello")) as server:
        client = connect(server)
        received = bytearray()
        with client.open_asset(server.url) as response:
            keep(client.read_file(response, 3), received)
    assert received == b"hello"


@pytest.mark.parametrize("label", ["x-gzip", "br", "ZSTD", "aws-chunked, gzip", "deflate"])
def test_every_compression_of_a_file_is_refused(connect: Connect, label: str) -> None:
    with RawServer(raw(f"HTTP/1.1 200 OK\nContent-Encoding: {label}\nContent-Length: 5", b"hello")) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.open_asset(server.url)


def keep(pieces: Iterator[bytes], received: bytearray) -> None:
    for piece in pieces:
        received += piece


@pytest.mark.parametrize("length", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_file_that_breaks_off_says_so(connect: Connect, length: str) -> None:
    body = b"hello" if "Content" in length else b"5\r\nhello\r\n"
    with RawServer(raw(f"HTTP/1.1 200 OK\n{length}", body)) as server:
        client = connect(server)
        received = bytearray()
        with client.open_asset(server.url) as response, pytest.raises(ConnectionLostError):
            keep(client.read_file(response, 3), received)
    assert received == b"hello"


@pytest.mark.parametrize("length", ["Content-Length: 10", "Connection: close"])
def test_closing_ends_the_reading_of_a_file(connect: Connect, length: str) -> None:
    def serve(visit: Visit) -> None:
        raw(f"HTTP/1.1 200 OK\n{length}", b"hello")(visit)
        visit.gone.wait(PATIENCE_S)

    with RawServer(serve) as server:
        client = Client(server.url, KEY, read_timeout_s=10 * PATIENCE_S)
        response = client.open_asset(server.url)
        pieces = client.read_file(response, 100)
        assert next(pieces) == b"hello"
        threading.Timer(0.2, client.close).start()
        with pytest.raises(ConnectionLostError):
            next(pieces)


def test_only_answers_of_the_client_are_read(connect: Connect) -> None:
    with RawServer(answering(BALANCE)) as server, pytest.raises(TypeError):
        next(connect(server).read_file(server, 1))  # type: ignore[arg-type]


def test_a_download_that_turns_out_to_be_an_error(connect: Connect) -> None:
    with RawServer(answering({"code": 1004, "message": "no"})) as server:
        client = connect(server)
        with pytest.raises(InvalidParametersError):
            client.open_task_download(UUID)
    with RawServer(answering({"code": 0, "data": {}})) as server:
        client = connect(server)
        with pytest.raises(BadAnswerError):
            client.open_task_download(UUID)


# -----------------------------------------------------------------------------
# Uploads


def test_an_upload_to_the_byte(connect: Connect, tmp_path: Path) -> None:
    content = PNG + bytes(range(256)) * 1000
    (tmp_path / 'mein "Bild" 狐.txt').write_bytes(content)
    progress: list[tuple[int, int]] = []
    with RawServer(answering({"file_key": "k/1"})) as server:
        client = connect(server)
        path = tmp_path / 'mein "Bild" 狐.txt'
        assert client.upload_image(path, lambda done, size: progress.append((done, size))) == "k/1"
    sent = headers_of(server.requests[0])
    body = body_of(server.requests[0])
    assert int(sent["content-length"]) == len(body)
    assert "transfer-encoding" not in sent
    parts = message_from_bytes(b"Content-Type: " + sent["content-type"].encode() + b"\r\n\r\n" + body).get_payload()
    assert isinstance(parts, list)
    (part,) = parts
    assert part.get_content_type() == "image/png"
    assert part.get_param("name", header="content-disposition") == "file"
    assert part.get_filename() == "image.png"
    assert content in body
    assert progress[-1] == (len(content), len(content))
    assert progress == sorted(progress)


def test_a_model_says_its_variant_and_its_type(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(b"glTF\x02\0\0\0")
    with RawServer(answering({"file_key": "k/1"})) as server:
        connect(server).upload_model(tmp_path / "a.glb", "textured")
    assert server.requests[0].startswith(b"POST /api/v1/upload/model?modelVariant=textured HTTP/1.1")
    assert b'filename="model.glb"\r\nContent-Type: model/gltf-binary\r\n\r\nglTF' in server.requests[0]


def test_a_large_file_is_not_read_into_memory(connect: Connect, tmp_path: Path) -> None:
    size_bytes = 64 * 1024 * 1024
    path = tmp_path / "large.glb"
    path.write_bytes(b"glTF")
    with path.open("r+b") as stream:
        stream.truncate(size_bytes)

    def serve(visit: Visit) -> None:
        received = 0
        while received < size_bytes:
            received += len(visit.connection.recv(1024 * 1024))
        visit.answer({"file_key": "k"})

    with RawServer(serve) as server:
        client = connect(server)
        tracemalloc.start()
        client.upload_model(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < size_bytes // 4


def test_a_file_that_shrinks_while_it_is_sent(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(b"glTF" + bytes(4 * 1024 * 1024))
    with RawServer(answering({"file_key": "k"})) as server:
        client = connect(server)
        with pytest.raises(InputError) as caught:
            client.upload_model(path, progress=lambda done, size: path.write_bytes(b""))
    assert "changed" in str(caught.value)


def test_what_the_progress_raises_ends_an_upload(connect: Connect, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, size: int) -> None:
        raise Enough

    path = tmp_path / "a.glb"
    path.write_bytes(b"glTF" + bytes(1024 * 1024))
    with RawServer(answering({"file_key": "k"})) as server:
        client = connect(server)
        with pytest.raises(Enough):
            client.upload_model(path, progress=stop)


def test_a_refusal_that_comes_before_the_file_was_sent(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(b"glTF" + bytes(32 * 1024 * 1024))

    def serve(visit: Visit) -> None:
        visit.connection.recv(1000)
        visit.answer({"code": 1004, "message": "file too large"}, status="400 Bad Request")
        while visit.connection.recv(1024 * 1024):
            pass

    with RawServer(serve) as server:
        client = connect(server)
        with pytest.raises(InvalidParametersError):
            client.upload_model(path)
