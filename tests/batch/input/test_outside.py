# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tables that name files elsewhere: nothing of them is opened, or even looked at, before the user allows it.

One: ``python scripts/test.py tests/batch/input/test_outside.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.batch.files import looked_at, png, write
from tests.cli.driver import Answer, Cli
from tests.service import flows
from tests.service.server import StandIn
from triverse_addon.api.errors import InputError
from triverse_addon.api.upload_checks import check_model
from triverse_addon.batch.input.reader import read
from triverse_addon.batch.outside_files import ANY_FILE, outside, path_of
from triverse_addon.batch.rows.problems import files_to_allow
from triverse_addon.batch.run.request import BatchRequest, check_request
from triverse_addon.batch.run.resume import SavedBatch, load_batch, save_batch

pytestmark = pytest.mark.kind("foreign-tables")


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that is looked at or opened."""
    seen: list[str] = []

    def noting(real: Any) -> Any:
        def note(path: Any, *args: Any, **more: Any) -> Any:
            seen.append(os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else "")
            return real(path, *args, **more)

        return note

    for name in ("stat", "open", "scandir", "listdir", "access"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    monkeypatch.setattr("builtins.open", noting(open))
    monkeypatch.setattr("io.open", noting(open))
    return seen


def table(tmp_path: Path, *cells: str) -> Path:
    folder = tmp_path / "table"
    folder.mkdir(exist_ok=True)
    return write(folder / "rows.csv", "\n".join(["image", *(f'"{cell}"' for cell in cells)]))


def test_every_way_to_a_file_elsewhere_is_asked_about(tmp_path: Path, touched: list[str]) -> None:
    secret = png(tmp_path / "secret" / "marker.png")
    folder = tmp_path / "table"
    png(folder / "chair.png")
    (folder / "linked.png").symlink_to(secret)
    (folder / "linked").symlink_to(secret.parent)
    (folder / "twice.png").symlink_to("linked.png")
    (folder / "up").symlink_to("..")
    (folder / "inside.png").symlink_to("chair.png")
    cells = [
        str(secret),
        "../secret/marker.png",
        r"..\secret\marker.png",
        "sub/../../secret/marker.png",
        "~/marker.png",
        f"file://{secret}",
        f"FILE://localhost{secret}",
        "linked.png",
        "linked/marker.png",
        "twice.png",
        "up/secret/marker.png",
        "//host/share/marker.png",
        r"\\host\share\marker.png",
        r"\\?\UNC\host\share\marker.png",
        "file://host/share/marker.png",
        "/net/host/marker.png",
    ]
    file = table(tmp_path, *cells, "chair.png", "inside.png", "./sub/../chair.png", str(folder / "chair.png"))
    touched.clear()
    _, problems = looked_at(file)
    assert [problem.line for problem in problems] == list(range(2, 2 + len(cells)))
    assert all(problem.outside is not None and problem.column == "image" for problem in problems)
    assert all("until you allow it" in str(problem.sentence) for problem in problems)
    elsewhere = [path for path in touched if "secret" in path or "host" in path or path.startswith("//")]
    assert elsewhere == []
    # Once they are allowed, what is there is found, and what is not is told as always.
    _, problems = looked_at(file, allowed={one.key for one in files_to_allow(problems)})
    assert all("There is no file" in str(problem.sentence) for problem in problems)
    assert len(problems) == 6
    assert any("secret" in path for path in touched)


@pytest.mark.parametrize("cell", ["file://[/a.png", "~nobody-of-this-name/a.png", "file://[::1/a.png"])
def test_what_can_be_no_path_is_one_sentence(tmp_path: Path, cell: str) -> None:
    _, (problem,) = looked_at(table(tmp_path, cell))
    assert str(problem.sentence) == "image must be the path of a file."


def test_an_address_that_windows_cannot_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, two drives in an address are no ValueError (``nturl2path``)."""

    def refuse(path: str) -> str:
        raise OSError(f"Bad URL: {path}")

    monkeypatch.setattr("urllib.request.url2pathname", refuse)
    _, (problem,) = looked_at(table(tmp_path, "file:///C|/D|/a.png"))
    assert str(problem.sentence) == "image must be the path of a file."


@pytest.mark.parametrize("cell", [r"a\ud800.png", r"sub\udfff/a.png", r"file:///a\udbff.png", r"../\ud800.png"])
@pytest.mark.parametrize("column", ["image", "front_image"])
def test_half_a_character_is_in_no_path(tmp_path: Path, cell: str, column: str) -> None:
    file = write(tmp_path / "rows.json", f'[{{"{column}": "{cell}"}}]')
    _, (problem,) = looked_at(file)
    assert str(problem.sentence) == f"{column} must be the path of a file."


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("/elsewhere/a.png", "It lies outside the folder, and is not opened until you allow it: /elsewhere/a.png"),
        ("link.png", "It is a link to /elsewhere/b.png, and is not opened until you allow it."),
        ("//host/share/a.png", "It lies on another machine, and is not opened until you allow it: //host/share/a.png"),
        ("away.png", "It lies on another machine, and is not opened until you allow it: /net/host/a.png"),
    ],
)
def test_each_says_what_it_is(tmp_path: Path, cell: str, words: str) -> None:
    file = table(tmp_path, cell)
    (file.parent / "link.png").symlink_to("/elsewhere/b.png")
    (file.parent / "away.png").symlink_to("/net/host/a.png")
    _, (problem,) = looked_at(file)
    assert str(problem.sentence) == words


def test_models_and_all_sides_too(tmp_path: Path) -> None:
    text = "model,prompt,front_image,left_image\n/elsewhere/a.glb,red,,\n,,/elsewhere/f.png,/elsewhere/l.png\n"
    _, problems = looked_at(write(tmp_path / "rows.csv", text))
    assert [(one.line, one.column) for one in problems if one.outside] == [
        (2, "model"),
        (3, "front_image"),
        (3, "left_image"),
    ]


def test_a_link_that_leads_elsewhere_later_is_asked_about_again(tmp_path: Path) -> None:
    file = table(tmp_path, "link.png")
    link = file.parent / "link.png"
    link.symlink_to(png(tmp_path / "one.png"))
    _, (problem,) = looked_at(file)
    assert problem.outside is not None
    allowed = {problem.outside.key}
    assert looked_at(file, allowed=allowed)[1] == ()
    link.unlink()
    link.symlink_to(png(tmp_path / "two.png"))
    assert len(looked_at(file, allowed=allowed)[1]) == 1


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    file = table(tmp_path, "a.png")
    (file.parent / "a.png").symlink_to("b.png")
    (file.parent / "b.png").symlink_to("a.png")
    _, (problem,) = looked_at(file)
    assert problem.outside is not None


def test_a_part_asks_about_its_own_files_only(tmp_path: Path) -> None:
    file = table(tmp_path, "/elsewhere/a.png", "/elsewhere/b.png")
    _, problems = looked_at(file, numbers={2})
    assert [problem.line for problem in problems] == [3]


def test_what_the_user_types_for_all_rows_is_the_users_word(tmp_path: Path) -> None:
    picture = png(tmp_path / "elsewhere" / "a.png")
    file = write(tmp_path / "rows.csv", "name\nChair\n")
    rows, problems = looked_at(file, defaults={"image": str(picture)})
    assert (problems, len(rows)) == ((), 1)


def test_links_in_a_folder_of_pictures(tmp_path: Path, touched: list[str]) -> None:
    secret = png(tmp_path / "secret" / "marker.png")
    folder = tmp_path / "pictures"
    png(folder / "chair.png")
    (folder / "linked").symlink_to(secret)
    (folder / "inside.png").symlink_to("chair.png")
    (folder / ".hidden.png").symlink_to(secret)
    (folder / "folder").symlink_to(secret.parent)
    (folder / "props").mkdir()
    (folder / "props" / ".triverse").symlink_to(secret.parent)
    touched.clear()
    raw = read(folder)
    assert [problem.column for problem in raw.problems] == ["linked"]
    assert [path for path in touched if "secret" in path or path.endswith("linked")] == []
    raw = read(folder, allowed={ANY_FILE})
    assert [row.cells["image"] for row in raw.rows] == ["chair.png", "inside.png", "linked"]


SPELLED = st.lists(
    st.sampled_from(["..", ".", "a", "b.png", "", "~", "file:", "//", "host", "C:", "\\", "\\\\", "\0", "é", " "]),
    max_size=6,
)


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=SPELLED, separator=st.sampled_from("/\\"), start=st.sampled_from(["", "/", "//", "file://", "file:///"]))
def test_what_is_not_asked_about_lies_inside(tmp_path: Path, pieces: list[str], separator: str, start: str) -> None:
    written = start + separator.join(pieces)
    try:
        path = path_of(tmp_path, written)
    except ValueError:  # no such address, no such user
        return
    if outside(tmp_path, path) is None:
        assert os.path.commonpath([tmp_path, path]) == str(tmp_path)
        assert not path.startswith("//")


# -----------------------------------------------------------------------------
# The command


def foreign(cli: Cli) -> Path:
    png(cli.folder / "elsewhere" / "a.png")
    file = table(cli.folder, "../elsewhere/a.png", "chair.png")
    png(file.parent / "chair.png", 90)
    return file


@pytest.mark.parametrize("more", [["--yes"], ["--max-credits", "1000"], ["--dry-run"], []], ids=lambda more: str(more))
def test_nobody_can_be_asked(cli: Cli, service: StandIn, more: list[str]) -> None:
    answer = cli.run("batch", foreign(cli), "--glb-only", *more)
    assert answer.code == 2
    assert "add --allow-outside-files." in answer.people
    assert str(cli.folder / "elsewhere" / "a.png") in answer.people
    assert [one["file"] for one in answer.of("outside")] == [str(cli.folder / "elsewhere" / "a.png")]
    assert (service.state.creations, dict(service.state.uploads)) == ([], {})


def test_the_option_allows_them(cli: Cli) -> None:
    answer = cli.run("batch", foreign(cli), "--glb-only", "--yes", "--allow-outside-files")
    assert answer.code == 0, answer.people
    assert len(answer.of("result")) == 2


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 130), ("\n", 130)])
def test_a_person_is_asked(cli: Cli, service: StandIn, typed: str, code: int) -> None:
    answer, said = _typed(cli, typed, "batch", foreign(cli), "--glb-only", "--yes")
    assert "Open this file, and send it with the batch? [y/N]" in said
    assert answer.code == code, answer.people
    assert ("Nothing was opened." in answer.people) is (code != 0)
    assert len(service.state.creations) == (2 if code == 0 else 0)


def test_a_link_that_is_led_elsewhere_after_the_look_is_not_followed(cli: Cli, service: StandIn) -> None:
    """Whoever may write in the folder could do that while the question about the price is on the screen."""
    secret = png(cli.folder / "secret" / "marker.png")
    file = table(cli.folder, "link.png", "chair.png")
    png(file.parent / "chair.png", 90)
    link = file.parent / "link.png"
    link.symlink_to("chair.png")

    def lead_elsewhere() -> None:
        link.unlink()
        link.symlink_to(secret)

    answer, said = _typed(cli, "y\n", "batch", file, "--glb-only", meanwhile=lead_elsewhere)
    assert "Order them? [y/N]" in said
    assert answer.code == 1, answer.people
    failed, done = answer.of("result")
    assert failed["error"] == f"The file {link} lies elsewhere than when it was checked. Check again."
    assert done["state"] == "done"
    assert len(service.state.uploads) == 1


def test_what_became_dearer_since_a_person_agreed_is_not_ordered(
    cli: Cli, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was for the price that was shown."""
    file = cli.folder / "rows.csv"
    file.write_text("prompt\n" + "".join(f"chair {number}\n" for number in range(4)), encoding="utf-8")
    quote = flows.quote

    def become_dearer() -> None:
        # Between the last question for the price and the first order.
        told = '{"code": 0, "data": {"flow_name": "text-to-model", "cost_credits": 20}}'
        service.faults.add("quote", body=told, times=None)
        monkeypatch.setattr(flows, "quote", lambda flow, params: (quote(flow, params)[0], 60))

    answer, said = _typed(cli, "y\n", "batch", file, "--glb-only", "--jobs", "1", meanwhile=become_dearer)
    assert "80 credits" in said
    assert answer.code == 3, answer.people
    assert "More than the 80 credits that were allowed would be spent." in answer.people
    assert len(service.state.creations) == 1


def _typed(cli: Cli, typed: str, *argv: str | Path, meanwhile: Callable[[], None] = lambda: None) -> tuple[Answer, str]:
    own, theirs = os.openpty()
    process = cli.start(*argv, stdin=theirs)
    os.close(theirs)
    try:
        said = ""
        assert process.stderr is not None
        while "[y/N]" not in said:
            letter = process.stderr.read(1)
            assert letter, said
            said += letter
        meanwhile()
        os.write(own, typed.encode())
        return cli.finish(process), said
    finally:
        os.close(own)


def test_what_was_allowed_is_remembered_with_the_batch(tmp_path: Path) -> None:
    request = BatchRequest(tmp_path / "rows.csv", tmp_path / "library", allowed=frozenset({"/elsewhere/a.png"}))
    save_batch(tmp_path, SavedBatch(request, 3))
    saved = load_batch(tmp_path, lambda name: True)
    assert saved is not None
    assert saved.request.allowed == request.allowed
    file = table(tmp_path, "/elsewhere/b.png")
    assert len(check_request(replace(request, file=file), None).outside) == 1, "another file is another question"


# -----------------------------------------------------------------------------
# Models are what is in them


OBJ = b"# a comment\r\nmtllib a b.mtl\r\no chair \xfc\r\nv 0 0 0\r\nv 1.5e-3 0 -1 1\r\n"
OBJ += b"vt 0 0\r\n\tf 1/1 2/1 \\\r\n 1/1\r\n"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (OBJ, "model/obj"),
        (OBJ + b"v 1 2 3\n" * 20_000, "model/obj"),
        (b"#\n" * 20_000 + OBJ, "model/obj"),
        (b"\0" * 80 + b"\2\0\0\0" + bytes(100), "model/stl"),
        (b"solid chair\n  facet normal 0 0 1\n", "model/stl"),
        (b"ply\ncomment by me\nformat ascii 1.0\n", "model/ply"),
        (b"PK\x03\x04" + bytes(22) + b"\x0a\0\0\0chair.usdc", "model/vnd.usdz+zip"),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("name", ["chair.obj", "chair.glb", "chair", "chair.txt"])
def test_a_model_is_one_whatever_it_is_called(tmp_path: Path, name: str, data: bytes, content_type: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert check_model(tmp_path / name) == content_type


@pytest.mark.parametrize(
    "data",
    [
        *(b"user:x:1000:1000::/home/user:/bin/sh\n", b"# a script\necho hello\n", b"KEY=value\n", b"{}", b"v\n"),
        *(b"# only a comment\n", b"v 0 0 0\nsecret words\n", b"call a.obj\nv 0 0 0\n", b"csh ls\nv 0 0 0\n"),
        *(b"-----BEGIN SOMETHING-----\n", b"g group\ns off\n", OBJ + b"\0", b"x" * 84, b"x" * 134),
        *(b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0file.txt", b"ply\nnot\n", b"solid words of mine\nand more\n"),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("suffix", [".obj", ".stl", ".ply", ".usdz", ".glb"])
def test_what_is_only_called_a_model_is_not_sent(tmp_path: Path, suffix: str, data: bytes) -> None:
    (tmp_path / f"chair{suffix}").write_bytes(data)
    with pytest.raises(InputError, match="is not a model that Triverse takes"):
        check_model(tmp_path / f"chair{suffix}")
