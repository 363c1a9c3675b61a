# SPDX-License-Identifier: GPL-3.0-or-later
"""
Downloads from servers that send less of a file than was asked for, as RFC 9110, 15.3.7, lets them.

One: ``python scripts/test.py tests/tasks/files/test_partial_answers.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tasks.files.test_downloads import BODY, Answer, Server, once, until_whole, want
from triverse_addon.api.errors import ConnectionLostError

PIECE = 3000
SIZE = len(BODY)


@dataclass
class InPieces(Server):
    """Sends at most so many bytes with each answer, also where the whole file was asked for."""

    def open(self, offset: int, validator: str | None) -> Answer:
        self.asked.append((offset, validator))
        body = BODY[offset : offset + PIECE]
        headers = {"ETag": '"one"', "Content-Length": str(len(body))}
        headers["Content-Range"] = f"bytes {offset}-{offset + len(body) - 1}/{SIZE}"
        return Answer(206, headers | self.headers, body)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": ""}], ids=["with-length", "without"])
def test_a_file_that_comes_in_pieces_becomes_whole(tmp_path: Path, headers: dict[str, str]) -> None:
    server = InPieces(headers=headers)
    assert until_whole(server, want(tmp_path)) == SIZE
    assert (tmp_path / "model.glb").read_bytes() == BODY
    assert [offset for offset, _ in server.asked] == [0, 3000, 6000, 9000]


@pytest.mark.parametrize("end", ["*", "", "many", "9" * 5000])
def test_where_the_size_of_the_whole_is_unknown_the_length_counts(tmp_path: Path, end: str) -> None:
    server = Server(cuts=[5000])
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.headers = {"Content-Range": f"bytes 5000-{SIZE - 1}/{end}"}
    assert once(server, want(tmp_path)) == SIZE
    assert (tmp_path / "model.glb").read_bytes() == BODY


def test_a_piece_from_elsewhere_is_not_taken_for_the_beginning(tmp_path: Path) -> None:
    server = InPieces(headers={"Content-Range": f"bytes 3000-5999/{SIZE}"})
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    assert not (tmp_path / "model.glb").exists()
