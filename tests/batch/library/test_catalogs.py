# SPDX-License-Identifier: GPL-3.0-or-later
"""Asset catalogs, merged and never clobbered. One: ``python scripts/test.py tests/batch/library/test_catalogs.py``."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from triverse_addon.batch.library import catalogs
from triverse_addon.batch.library.catalogs import FILE_NAME, CatalogError

REPO = Path(__file__).resolve().parents[3]
OWN = "8b0d9b4e-7d0f-4f47-9c4e-0f2d9a3a2f11"


def test_a_new_file_is_written_as_blender_writes_it(tmp_path: Path) -> None:
    found = catalogs.merge(tmp_path, ["Props/Chairs", "", "Props"])
    lines = (tmp_path / FILE_NAME).read_bytes().decode().split("\n")
    assert lines[0].startswith("# This is an Asset Catalog Definition file for Blender.")
    assert lines[6] == "VERSION 1"
    assert lines[8:] == [f"{found['Props']}:Props:Props", f"{found['Props/Chairs']}:Props/Chairs:Props-Chairs", ""]
    assert all(uuid.UUID(value) for value in found.values())


def test_what_is_there_stays(tmp_path: Path) -> None:
    text = f"# mine\r\nVERSION 1\r\n\r\n{OWN}:Props/Chairs:My own name\r\n# a word at the end"
    (tmp_path / FILE_NAME).write_bytes(text.encode())
    found = catalogs.merge(tmp_path, ["Props/Chairs", "Lamps"])
    assert found["Props/Chairs"] == OWN
    added = f"\r\n{catalogs.catalog_id('Lamps')}:Lamps:Lamps\r\n"
    assert (tmp_path / FILE_NAME).read_bytes() == (text + added).encode()
    assert (tmp_path / f"{FILE_NAME}~").read_bytes() == text.encode()


@pytest.mark.parametrize("wanted", ["Props/Chairs", "Lamps"])
def test_a_byte_order_mark_with_which_blender_reads_nothing_goes(tmp_path: Path, wanted: str) -> None:
    text = f"# mine\r\nVERSION 1\r\n\r\n{OWN}:Props/Chairs:My own name\r\n# a word at the end"
    (tmp_path / FILE_NAME).write_bytes(f"\ufeff{text}".encode())
    found = catalogs.merge(tmp_path, [wanted])
    assert found["Props/Chairs"] == OWN
    data = (tmp_path / FILE_NAME).read_bytes()
    assert data.startswith(text.encode())
    assert catalogs.read(tmp_path).keys() == found.keys()
    assert (tmp_path / f"{FILE_NAME}~").read_bytes() == f"\ufeff{text}".encode()


def test_a_file_that_no_row_needs_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes("\ufeffVERSION 1\n".encode())
    catalogs.merge(tmp_path, ["", ""])
    assert (tmp_path / FILE_NAME).read_bytes() == "\ufeffVERSION 1\n".encode()


def test_a_version_that_comes_too_late_for_blender(tmp_path: Path) -> None:
    text = f"{OWN}:Props:Props\nVERSION 1\n"
    (tmp_path / FILE_NAME).write_bytes(text.encode())
    assert catalogs.merge(tmp_path, ["Props"]) == {"Props": OWN}
    lines = (tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if line and line[0] != "#") == "VERSION 1"
    assert f"{OWN}:Props:Props" in lines


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_file_without_a_version_gets_one(tmp_path: Path, bom: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(f"{bom}# only a word\n".encode())
    catalogs.merge(tmp_path, ["Lamps"])
    lines = (tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if line and line[0] != "#") == "VERSION 1"
    assert "# only a word" in lines


def test_a_name_with_an_odd_character_stays(tmp_path: Path) -> None:
    text = f"VERSION 1\n{OWN}:Old\u2028Chairs:Old\x0bChairs\n"
    (tmp_path / FILE_NAME).write_bytes(text.encode())
    catalogs.merge(tmp_path, ["Lamps"])
    assert (tmp_path / FILE_NAME).read_bytes().startswith(text.encode())


def test_parents_are_written_too(tmp_path: Path) -> None:
    catalogs.merge(tmp_path, ["Props/Old/Chairs", "Props/New"])
    assert list(catalogs.read(tmp_path)) == ["Props", "Props/New", "Props/Old", "Props/Old/Chairs"]


def test_a_catalog_that_the_user_renamed_keeps_its_name(tmp_path: Path) -> None:
    own = catalogs.merge(tmp_path, ["Props/Chairs"])["Props/Chairs"]
    file = tmp_path / FILE_NAME
    file.write_text(file.read_text().replace(":Props/Chairs:Props-Chairs", ":Furniture/Seats:Furniture-Seats"))
    before = file.read_bytes()
    assert catalogs.merge(tmp_path, ["Props/Chairs"])["Props/Chairs"] == own
    assert file.read_bytes() == before


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    catalogs.merge(tmp_path, ["Props"])
    before = (tmp_path / FILE_NAME).stat().st_mtime_ns
    assert catalogs.merge(tmp_path, ["Props"]) == catalogs.read(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mtime_ns == before


def test_two_machines_agree_on_a_new_catalog(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert catalogs.merge(tmp_path / "a", ["Props/Ämter"]) == catalogs.merge(tmp_path / "b", ["Props/Ämter"])
    assert catalogs.read(tmp_path / "a") == catalogs.read(tmp_path / "b")


@pytest.mark.parametrize("data", [b"VERSION 2\n", b"VERSION 1\n\xff\xfe"])
def test_a_file_that_is_not_understood_is_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(data)
    with pytest.raises(CatalogError):
        catalogs.merge(tmp_path, ["Props"])
    assert (tmp_path / FILE_NAME).read_bytes() == data


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (" Props / old  Chairs /", "Props/old Chairs"),
        ("", ""),
        ("/", ""),
        ("a:b", None),
        ("a\\b", None),
        ("a\x07", None),
    ],
)
def test_paths(text: str, path: str | None) -> None:
    assert catalogs.clean_path(text) == path


def test_a_long_simple_name_keeps_its_end() -> None:
    name = catalogs.simple_name("Möbel/" * 30 + "Stühle")
    assert len(name.encode()) <= 63
    assert name.startswith("...")
    assert name.endswith("Stühle")


#: Each call takes its time, as over a network, and files cannot be locked.
SLOW_SHARE = (
    "import errno, sys, time; from triverse_addon.tasks.files import file_lock\n"
    "def no_locks(file): raise OSError(errno.EOPNOTSUPP, 'no')\n"
    "file_lock.lock, slow = no_locks, ('open', 'os.listdir', 'os.rename', 'os.remove')\n"
    "sys.addaudithook(lambda event, _: time.sleep(0.003) if event in slow else None)\n"
)


@pytest.mark.parametrize("disk", ["", SLOW_SHARE], ids=["this disk", "a slow share without locks"])
def test_many_at_once_lose_nothing(tmp_path: Path, disk: str) -> None:
    code = disk + (
        "import sys; from pathlib import Path; from triverse_addon.batch.library import catalogs\n"
        "for n in range(25): catalogs.merge(Path(sys.argv[1]), [f'{sys.argv[2]}/{n}'])"
    )
    names = "abcdefgh"
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=REPO) for name in names]
    assert [run.wait() for run in runs] == [0] * 8
    assert set(catalogs.read(tmp_path)) - set(names) == {f"{name}/{n}" for name in names for n in range(25)}
    assert not list(tmp_path.glob(".*"))
