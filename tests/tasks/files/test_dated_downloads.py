# SPDX-License-Identifier: GPL-3.0-or-later
"""
Downloads that are resumed by the date of the file, since its server gives no ETag.

One: ``python scripts/test.py tests/tasks/files/test_dated_downloads.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tasks.files.test_downloads import BODY, Server, once, until_whole, want
from triverse_addon.api.errors import ConnectionLostError

MADE, SECOND_LATER, LATER = (f"Sun, 29 Nov 2026 10:0{end} GMT" for end in ("0:00", "0:01", "5:00"))


def dated(modified: str, **changes: Any) -> Server:
    """A server without ETags: it goes by the date of the file."""
    return Server(etag=None, date=modified, headers={"Date": LATER, "Last-Modified": modified} | changes, cuts=[5000])


def test_what_broke_off_goes_on_by_its_date_where_no_etag_comes(tmp_path: Path) -> None:
    server = dated(MADE)
    until_whole(server, want(tmp_path))
    assert server.asked == [(0, None), (5000, MADE)]
    assert (tmp_path / "model.glb").read_bytes() == BODY


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": MADE},
        {"Date": ""},
        {"Date": "a while ago"},
        {"Last-Modified": "lately"},
        {"Last-Modified": LATER, "Date": MADE},
        {"Last-Modified": ""},
        {"ETag": 'W/"weak"'},
        {"Content-Length": ""},
    ],
    ids=["same-second", "no-date", "no-time", "no-such-date", "of-tomorrow", "none", "weak-etag", "no-size"],
)
def test_a_date_that_may_be_another_versions_resumes_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    """RFC 9110, 8.8.2.2 and 13.1.5: a second between file and answer at least, and no ETag of any kind."""
    server = dated(MADE, **headers)
    until_whole(server, want(tmp_path))
    assert server.asked == [(0, None), (0, None)]
    assert (tmp_path / "model.glb").read_bytes() == BODY


def test_a_second_between_file_and_answer_is_enough(tmp_path: Path) -> None:
    server = dated(MADE, Date=SECOND_LATER)
    until_whole(server, want(tmp_path))
    assert server.asked == [(0, None), (5000, MADE)]


@pytest.mark.parametrize("date", [SECOND_LATER, MADE], ids=["later", "in-the-same-second"])
@pytest.mark.parametrize("heeds_if_range", [True, False], ids=["rfc", "ignores-if-range"])
def test_a_dated_file_that_changed_meanwhile_is_fetched_from_its_beginning(
    tmp_path: Path, date: str, heeds_if_range: bool
) -> None:
    """Also another file of the same second, which only its size tells apart."""
    server = dated(MADE)
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.body, server.date, server.heeds_if_range = b"glTF" + bytes(20_000), date, heeds_if_range
    server.headers["Last-Modified"] = date
    assert until_whole(server, want(tmp_path), tries=2) == 20_004
    assert (tmp_path / "model.glb").read_bytes() == server.body
