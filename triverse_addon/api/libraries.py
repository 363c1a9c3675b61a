# SPDX-License-Identifier: GPL-3.0-or-later
"""
Which libraries are at work, and whether the add-on can work with them.

Ground floor; any thread; no ``bpy``. Imports none of them by itself but in `check` and `needing`.

All add-ons of a Blender share one ``sys.modules``: what was imported first stays, be it Blender's own, another
add-on's, or ours. So the version on the disk says nothing of the version at work.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from .errors import LibraryError
from .sentence import Sentence

OLDEST: Mapping[str, tuple[int, int]] = {"requests": (2, 27), "urllib3": (1, 26), "websockets": (11, 0)}
"""The oldest versions that are worked with; tests/api/test_libraries.py runs these and newer ones.

Blender 4.2 brings requests 2.27 and urllib3 1.26. websockets has the client that is used here since 11.0.
"""

SHIPPED = ("requests", "urllib3", "idna", "certifi", "charset_normalizer", "websockets", "truststore")
"""What the extension ships as wheels, by the names of the modules."""

_MANIFEST = "blender_manifest.toml"
#: From here on a path says where a module belongs to, and no more of whose machine it is.
_MARKS = ("extensions", "addons", "scripts", "site-packages", "dist-packages")


@dataclass(frozen=True)
class Library:
    """
    A library of `SHIPPED`.

    :ivar at_work: the version that is loaded; "" if none is.
    :ivar place: where it was loaded from, without what comes before Blender's or an add-on's folder.
    :ivar on_disk: the version that the next start would load; "" if there is none.
    :ivar shipped: the version that the extension brings; "" if that cannot be told.
    """

    name: str
    at_work: str
    place: str
    on_disk: str
    shipped: str

    def __str__(self) -> str:
        if not self.at_work:
            return f"not loaded, {self.on_disk or 'none'} on the disk"
        words = f"{self.at_work}, from {self.place}"
        if self.shipped and self.shipped != self.at_work:
            words += f"; not the one that the add-on brings ({self.shipped})"
        return words


def all_libraries() -> list[Library]:
    """Return what is known of each library of `SHIPPED`. Loads none."""
    return [_library(name) for name in SHIPPED]


def _library(name: str) -> Library:
    try:
        on_disk = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        on_disk = ""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    return Library(
        name=name,
        at_work="" if module is None else _version(name),
        place=place_of(file) if isinstance(file, str) else "an unknown place",
        on_disk=on_disk,
        shipped=shipped_versions().get(name, ""),
    )


def _version(name: str) -> str:
    version = getattr(sys.modules.get(name), "__version__", "")
    return version if isinstance(version, str) and version else "of an unknown version"


def place_of(file: str) -> str:
    """Return the end of a path that tells which Blender or add-on a file belongs to, without names of people."""
    parts = PurePath(file.replace("\\", "/")).parts
    marks = [parts.index(mark) for mark in _MARKS if mark in parts]
    return "/".join(parts[min(marks) :]) if marks else f"elsewhere/{'/'.join(parts[-2:])}"


@functools.cache
def shipped_versions() -> Mapping[str, str]:
    """Return the versions of the wheels that the manifest lists, from the add-on's folder or the checkout's."""
    for folder in Path(__file__).resolve().parents[1:3]:
        try:
            wheels = tomllib.loads((folder / _MANIFEST).read_text(encoding="utf-8")).get("wheels", [])
        except (OSError, ValueError):
            continue
        names = [str(wheel).rpartition("/")[2].split("-") for wheel in wheels]
        return {parts[0]: parts[1] for parts in names if len(parts) > 1}
    return {}


# -----------------------------------------------------------------------------
# Before they are used


def check(*names: str) -> None:
    """
    Load libraries, and see that they can be worked with.

    :raises LibraryError: one is too old or cannot be loaded; its sentence says which, and what to do.
    """
    for name in names:
        failure: LibraryError | None
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 -- a foreign module may raise anything
            failure = _cannot_load(name, error)
        else:
            failure = None if _is_new_enough(name) else too_old(name, OLDEST[name])
        if failure is not None:
            raise failure


@contextlib.contextmanager
def needing(*names: str) -> Iterator[None]:
    """
    Check libraries before, and put what fails inside into words: there are imports of ours that need them.

    :raises LibraryError: see `check`.
    """
    check(*names)
    failure: LibraryError | None = None
    try:
        yield
    except (ImportError, AttributeError) as error:
        failure = _cannot_load(" / ".join(names), error)
    if failure is not None:
        raise failure


def _is_new_enough(name: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", _version(name))[:2]]
    return not numbers or tuple(numbers) >= OLDEST.get(name, (0, 0))  # without a number it is tried


def too_old(name: str, oldest: tuple[int, int]) -> LibraryError:
    """Return the error of a loaded library that is older than ``oldest``."""
    return LibraryError(
        Sentence.of(
            "This Blender works with {name} {version} from {place}, and Triverse needs {oldest} or newer. Update or "
            "switch off the add-on that brings it, then restart Blender.",
            name=name,
            version=_version(name),
            place=place_of(str(getattr(sys.modules[name], "__file__", ""))),
            oldest=".".join(map(str, oldest)),
        )
    )


def _cannot_load(name: str, error: Exception) -> LibraryError:
    return LibraryError(
        Sentence.of(
            "The library {name} cannot be loaded here ({reason}). Switch off the add-on that brings its own copy, or "
            "install Triverse again, then restart Blender.",
            name=name,
            reason=type(error).__name__,
        )
    )
