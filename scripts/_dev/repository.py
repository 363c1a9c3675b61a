# SPDX-License-Identifier: GPL-3.0-or-later
"""
The repository that Blender installs and updates from, as files for any web server.

No floor (development only). Any thread. Never imports ``bpy``.

    index.json, index.html, SHA256SUMS, triverse-<version>.zip      the newest version for each Blender
    previous/                                                       the same of the one before

They are two repositories, since of two versions for the same Blender in one index, Blender 4.2 to 5.3 takes the one
that stands first, whichever it is. An index that names an older version than the installed one is offered as an
update, too: so a version is withdrawn by leaving it out.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import extension_tool
from .package import MANIFEST

PREVIOUS = "previous"
BLOCKED = "blender_repo.toml"
"""Blender's own name of the file that holds the block list of a repository."""
SUMS = "SHA256SUMS"
_TEMPLATE = Path(__file__).with_name("site_page.html")
_ALWAYS = (10**6, 0, 0)


class SiteError(Exception):
    """The repository cannot be written so; the text says why."""


@dataclass(frozen=True)
class Release:
    """A built zip: its version, and the Blenders it is for, from ``first`` on and before ``end``."""

    path: Path
    id: str
    version: str
    first: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def order(self) -> tuple[tuple[int, ...], bool, list[tuple[int, int | str]]]:
        """By this it is sorted: as semantic versions are, a beta before what it leads to."""
        numbers, _, beta = self.version.partition("+")[0].partition("-")
        # Numbers come before words, and are compared as numbers.
        parts: list[tuple[int, int | str]] = [
            (0, int(part)) if part.isdigit() else (1, part) for part in beta.split(".")
        ]
        return _numbers(numbers), not beta, parts

    def overlaps(self, other: Release) -> bool:
        """Whether there is a Blender that both are for."""
        return self.first < other.end and other.first < self.end


def release(path: Path) -> Release:
    """What a built zip says of itself."""
    with zipfile.ZipFile(path) as archive:
        told = tomllib.loads(archive.read(MANIFEST.name).decode("utf-8"))
    end = told.get("blender_version_max")
    return Release(
        path, told["id"], told["version"], _numbers(told["blender_version_min"]), _numbers(end) if end else _ALWAYS
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def place(releases: Iterable[Release]) -> tuple[list[Release], list[Release]]:
    """The newest release for each Blender, and the ones before. What is older still has no place."""
    shown: tuple[list[Release], list[Release]] = ([], [])
    for one in sorted(releases, key=lambda one: one.order, reverse=True):
        room = next((room for room in shown if not any(one.overlaps(other) for other in room)), None)
        if room is not None:
            room.append(one)
    return shown


def gaps(site: Path) -> list[str]:
    """From which Blenders on a site offers nothing, although it holds a version for them. It should be empty.

    One that ends with ``blender_version_max`` hides the one before from all Blenders: the next has to follow it.
    """
    offered = [release(path) for path in site.glob("[!.]*.zip")]
    known = releases_in(site)
    edges = sorted({one.first for one in known} | {one.end for one in known} - {_ALWAYS})
    wanted = [edge for edge in edges if any(one.first <= edge < one.end for one in known)]
    return [".".join(map(str, edge)) for edge in wanted if not any(one.first <= edge < one.end for one in offered)]


def releases_in(site: Path) -> list[Release]:
    """The releases that a written site holds."""
    return [release(path) for folder in (site, site / PREVIOUS) for path in sorted(folder.glob("[!.]*.zip"))]


def add(site: Path, built: Path) -> Release:
    """Add a built zip to a site, or make the first one.

    Raises:
        SiteError: there is another file of this version.
        SetupError: no Blender's extension tool can be had.
    """
    new = release(built)
    known = releases_in(site)
    for one in known:
        if one.version == new.version and one.path.read_bytes() != built.read_bytes():
            raise SiteError(f"{one.version} was released before, with other contents. Every change has its version.")
    _write(site, [*(one for one in known if one.version != new.version), new], reason="")
    return new


def withdraw(site: Path, version: str, reason: str) -> Release | None:
    """Take a version back: the one before is offered in its place, or Blender refuses to install, with the reason.

    Returns:
        What is offered now; None if there is no other version and the add-on is blocked.

    Raises:
        SiteError: the site does not hold that version.
        SetupError: no Blender's extension tool can be had.
    """
    known = releases_in(site)
    if version not in [one.version for one in known]:
        raise SiteError(f"{site} holds no version {version}.")
    others = [one for one in known if one.version != version]
    if not others:
        _write(site, known, reason=reason)
        return None
    _write(site, others, reason="")
    return place(others)[0][0]


def _write(site: Path, releases: Sequence[Release], *, reason: str) -> None:
    rooms = place(releases)
    with tempfile.TemporaryDirectory(prefix="triverse-site-") as scratch:
        for folder, room in zip(("", PREVIOUS), rooms, strict=True):
            _fill(Path(scratch) / folder, room, reason)
        for folder in ("", PREVIOUS):
            _replace(Path(scratch) / folder, site / folder)


def _fill(folder: Path, releases: Sequence[Release], reason: str) -> None:
    """Lay out one repository. One without a version, as there is at first, is one, too."""
    folder.mkdir(exist_ok=True)
    for one in releases:
        shutil.copyfile(one.path, folder / f"{one.id}-{one.version}.zip")
        if reason:
            blocked = f'[[blocklist]]\nid = "{one.id}"\nreason = "{_quoted(reason)}"\n'
            (folder / BLOCKED).write_text(f'schema_version = "1.0.0"\n\n{blocked}', encoding="utf-8")
    said = extension_tool.ensure().run(
        "server-generate", f"--repo-dir={folder}", "--html", f"--html-template={_TEMPLATE}"
    )
    if re.search("^(WARN|ERROR)", said, re.MULTILINE):
        raise SiteError(f"Blender's extension tool is not content with the repository:\n{said.strip()}")
    files = sorted([*folder.glob("*.zip"), folder / "index.json"])
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (folder / SUMS).write_text(sums, encoding="utf-8")


def _quoted(text: str) -> str:
    """A text for between the quotes of a TOML file."""
    return re.sub(r"\s+", " ", text).strip().replace("\\", "\\\\").replace('"', '\\"')


def _replace(new: Path, folder: Path) -> None:
    """Put what was made in the place of what was there. Other files of the folder, such as a host's, stay.

    The index comes after the zips that it names, and before old ones go: a Blender that asks meanwhile finds both.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = sorted((path for path in new.iterdir() if path.is_file()), key=lambda path: (path.suffix != ".zip", path))
    for path in made:
        part = folder / f".{path.name}.part"
        shutil.copyfile(path, part)
        os.replace(part, folder / path.name)
    names = {path.name for path in made}
    for old in [*folder.glob("*.zip"), folder / BLOCKED]:
        if old.name not in names:
            old.unlink(missing_ok=True)
