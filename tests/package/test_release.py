# SPDX-License-Identifier: GPL-3.0-or-later
"""
A release: what has to agree before it, and the repository that it writes.

One: ``python scripts/test.py tests/package/test_release.py``. In windows: ``tests/gui/test_updates.py``.
"""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from scripts import release as command
from scripts._dev import package, repository
from scripts._dev.repository import PREVIOUS, Release, SiteError, place
from tests.versions import zip_of

GOOD = """# What changed

## [Unreleased]

## [{version}] - 2026-12-01

### Added

- Something.

## [0.0.1]

The first.
"""

Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds the add-on as another version, for other Blenders, or with other contents."""
    return functools.partial(zip_of, folder=tmp_path / "built")


def offered(folder: Path) -> dict[str, str]:
    """The versions that an index names, with their hashes."""
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == "v1"
    return {entry["version"]: entry["archive_hash"] for entry in index["data"]}


def zips(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.zip")}


# ----------------------------------------------------------------------
# Before


def test_what_agrees_is_no_problem() -> None:
    version = str(package.manifest()["version"])
    assert command.problems(version, GOOD.format(version=version)) == []


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("## [Unreleased]\n", "## [Unreleased]\n\n- Not yet.\n", "under Unreleased"),
        (" - 2026-12-01", "", "lacks its day"),
        (" - 2026-12-01", " - 1 December", "lacks its day"),
        ("- Something.", "", "says nothing"),
        ("\n## [{version}] - 2026-12-01\n", "\n## [7.0.0] - 2026-12-01\n", "is 7.0.0, not"),
    ],
)
def test_a_changelog_that_does_not_fit_is_a_problem(before: str, after: str, says: str) -> None:
    version = str(package.manifest()["version"])
    assert before in GOOD
    [problem] = command.problems(version, GOOD.replace(before, after).format(version=version))
    assert says in problem


def test_another_version_than_the_manifests_is_a_problem() -> None:
    assert any("blender_manifest.toml is of version" in one for one in command.problems("9.9.9", GOOD))


def test_nothing_is_written_while_something_does_not_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["release.py", "9.9.9", f"--site={tmp_path / 'site'}"])
    assert command.main() == 1
    assert "9.9.9" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_what_is_not_committed_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "problems", lambda version, changelog: [])
    monkeypatch.setattr(command, "uncommitted", lambda: " M LICENSE")
    monkeypatch.setattr("sys.argv", ["release.py", "0.1.0", f"--site={tmp_path / 'site'}", "--without-tests"])
    assert command.main() == 1
    assert "Not committed" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_release_and_taking_it_back_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site, version = tmp_path / "site", str(package.manifest()["version"])
    monkeypatch.setattr(command, "DIST", tmp_path)
    monkeypatch.setattr(command, "problems", lambda version, changelog: [])
    monkeypatch.setattr(command, "uncommitted", lambda: "")
    monkeypatch.setattr("sys.argv", ["release.py", version, f"--site={site}", "--without-tests"])
    assert command.main() == 0
    assert f"git tag v{version}" in capsys.readouterr().out
    assert list(offered(site)) == [version]
    monkeypatch.setattr("sys.argv", ["release.py", version, f"--site={site}", "--withdraw", "--reason=It forgets"])
    assert command.main() == 0
    assert "refuses to install" in capsys.readouterr().out
    assert json.loads((site / "index.json").read_text())["blocklist"][0]["reason"] == "It forgets"


# ----------------------------------------------------------------------
# Which versions are offered


def made(version: str, first: str = "4.2.0", end: str = "") -> Release:
    last = tuple(map(int, end.split("."))) if end else (10**6, 0, 0)
    return Release(Path(version), "triverse", version, tuple(map(int, first.split("."))), last)


def versions(rooms: tuple[list[Release], list[Release]]) -> tuple[list[str], list[str]]:
    now, before = ([one.version for one in room] for room in rooms)
    return now, before


def test_the_two_newest_are_kept() -> None:
    known = [made("0.9.0"), made("0.10.0"), made("0.10.0-beta.2"), made("0.10.0-beta.10"), made("0.1.0")]
    assert versions(place(known)) == (["0.10.0"], ["0.10.0-beta.10"])


def test_of_each_range_of_blenders() -> None:
    known = [made("0.1.0"), made("0.2.0"), made("0.2.1", "4.2.0", "5.0.0")]
    assert versions(place(known)) == (["0.2.1"], ["0.2.0"])
    known += [made("0.3.0", "5.0.0"), made("0.4.0", "5.0.0")]
    assert versions(place(known)) == (["0.4.0", "0.2.1"], ["0.3.0"])


# ----------------------------------------------------------------------
# The files


def test_the_first_release(build: Build, tmp_path: Path) -> None:
    site, built = tmp_path / "site", build("0.1.0")
    repository.add(site, built)
    assert offered(site) == {"0.1.0": "sha256:" + hashlib.sha256(built.read_bytes()).hexdigest()}
    assert offered(site / PREVIOUS) == {}
    entry = json.loads((site / "index.json").read_text())["data"][0]
    assert entry["archive_url"] == "./triverse-0.1.0.zip"
    assert set(entry["permissions"]) == {"network", "clipboard", "files"}
    assert entry["python_versions"] == ["3"]
    assert (site / "triverse-0.1.0.zip").read_bytes() == built.read_bytes()


def test_the_next_ones_and_the_one_before_each(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for version in ("0.1.0", "0.2.0", "0.10.0"):
        repository.add(site, build(version))
    assert list(offered(site)) == ["0.10.0"]
    assert list(offered(site / PREVIOUS)) == ["0.2.0"]
    assert zips(site) == {"triverse-0.10.0.zip"}
    assert zips(site / PREVIOUS) == {"triverse-0.2.0.zip"}


def test_the_checksums_are_those_of_the_files(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for version in ("0.1.0", "0.2.0"):
        repository.add(site, build(version))
    for folder in (site, site / PREVIOUS):
        lines = (folder / "SHA256SUMS").read_text().splitlines()
        assert len(lines) == 2
        for line in lines:
            digest, _, name = line.partition("  ")
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_page_has_a_link_to_drag_that_also_subscribes(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    repository.add(site, build("0.2.0"))
    page = (site / "index.html").read_text()
    [link] = [html.unescape(link) for link in re.findall(r'<a href="([^"]*\.zip[^"]*)">', page)]
    told = parse_qs(urlsplit(link).query)
    assert told["blender_version_min"] == ["4.2.0"]
    base = "https://pages.example/some/where/"
    assert urljoin(base, told["repository"][0]) == f"{base}index.json"
    assert urljoin(base, urlsplit(link).path) == f"{base}triverse-0.2.0.zip"
    assert "${" not in page


def test_one_version_is_one_file_for_ever(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    repository.add(site, build("0.1.0"))
    repository.add(site, build("0.1.0"))
    with pytest.raises(SiteError, match="Every change has its version"):
        repository.add(site, build("0.1.0", more=b"!"))


def test_what_a_host_put_there_stays(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "CNAME").write_text("somewhere")
    repository.add(site, build("0.1.0"))
    assert (site / "CNAME").read_text() == "somewhere"
    assert not list(site.rglob("*.part"))


def test_a_withdrawn_version_makes_room_for_the_one_before(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for version in ("0.1.0", "0.2.0"):
        repository.add(site, build(version))
    left = repository.withdraw(site, "0.2.0", "Loses lists")
    assert left is not None
    assert list(offered(site)) == ["0.1.0"]
    assert offered(site / PREVIOUS) == {}
    assert zips(site) | zips(site / PREVIOUS) == {"triverse-0.1.0.zip"}
    with pytest.raises(SiteError, match=r"no version 0\.2\.0"):
        repository.withdraw(site, "0.2.0", "again")


def test_where_there_is_no_other_it_is_blocked_until_the_next(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    repository.add(site, build("0.1.0"))
    assert repository.withdraw(site, "0.1.0", 'Loses "lists"\nand \\ more') is None
    blocked = json.loads((site / "index.json").read_text())["blocklist"]
    assert blocked == [{"id": "triverse", "reason": 'Loses "lists" and \\ more'}]
    assert tomllib.loads((site / repository.BLOCKED).read_text())["blocklist"] == blocked
    repository.add(site, build("0.1.1"))
    assert json.loads((site / "index.json").read_text())["blocklist"] == []
    assert list(offered(site)) == ["0.1.1"]


def test_two_ranges_are_two_entries_of_one_index(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    repository.add(site, build("0.2.1", end="5.0.0"))
    repository.add(site, build("0.3.0", first="5.0.0"))
    assert set(offered(site)) == {"0.2.1", "0.3.0"}


def test_a_blender_that_would_lose_its_version_is_named(build: Build, tmp_path: Path) -> None:
    site = tmp_path / "site"
    repository.add(site, build("0.2.0"))
    assert repository.gaps(site) == []
    repository.add(site, build("0.2.1", end="5.0.0"))
    assert repository.gaps(site) == ["5.0.0"]
    repository.add(site, build("0.3.0", first="5.0.0"))
    assert repository.gaps(site) == []
    other = tmp_path / "other"
    for version, first in (("0.2.0", "4.2.0"), ("0.3.0", "5.0.0")):
        repository.add(other, build(version, first=first))
    assert repository.gaps(other) == ["4.2.0"]
