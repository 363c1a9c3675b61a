# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks which versions of the network libraries are loaded, and whether they are compatible.

Ground floor; any thread; no ``bpy``. Only `check` and `needing` import the libraries.

All add-ons of one Blender share ``sys.modules``: the first import wins, whether it is Blender's own copy, another
add-on's, or ours. So the installed version may differ from the loaded version.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import re
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from .errors import LibraryError
from .sentence import Sentence

OLDEST: Mapping[str, tuple[int, int]] = {"requests": (2, 27), "urllib3": (1, 26), "websockets": (11, 0)}
"""The oldest supported versions; tests/tasks/test_other_libraries.py runs these and newer ones.

Blender 4.2 includes requests 2.27 and urllib3 1.26. websockets has the client used here since 11.0.
"""

SHIPPED = ("requests", "urllib3", "idna", "certifi", "charset_normalizer", "websockets", "truststore")
"""Names of the modules that the extension ships as wheels."""

_MANIFEST = "blender_manifest.toml"
#: Two threads that import parts of one library at the same time may each get the other's half-imported module.
_importing = threading.RLock()
#: Folder names from which on a path identifies the Blender or add-on, and no longer the user.
_MARKS = ("extensions", "addons", "scripts", "site-packages", "dist-packages")


@dataclass(frozen=True)
class Library:
    """
    State of one library of `SHIPPED`.

    :ivar at_work: the loaded version; "" if it is not loaded.
    :ivar place: where it was loaded from, starting at Blender's or an add-on's folder.
    :ivar on_disk: the installed version, which the next start would load; "" if there is none.
    :ivar shipped: the version that the extension ships; "" if unknown.
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
    """Return the state of each library of `SHIPPED`. Does not import them."""
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
    """Return the end of a path that identifies the Blender or add-on of a file, without user names."""
    parts = PurePath(file.replace("\\", "/")).parts
    marks = [parts.index(mark) for mark in _MARKS if mark in parts]
    return "/".join(parts[min(marks) :]) if marks else f"elsewhere/{'/'.join(parts[-2:])}"


@functools.cache
def shipped_versions() -> Mapping[str, str]:
    """Return the versions of the wheels listed in the manifest, from the add-on's folder or the checkout's."""
    for folder in Path(__file__).resolve().parents[1:3]:
        try:
            wheels = tomllib.loads((folder / _MANIFEST).read_text(encoding="utf-8")).get("wheels", [])
        except (OSError, ValueError):
            continue
        names = [str(wheel).rpartition("/")[2].split("-") for wheel in wheels]
        return {parts[0]: parts[1] for parts in names if len(parts) > 1}
    return {}


# -----------------------------------------------------------------------------
# Checks before they are used


def check(*names: str) -> None:
    """
    Import libraries, and check that their versions are supported.

    :raises LibraryError: one is too old or cannot be imported; its sentence names it and what to do.
    """
    for name in names:
        failure: LibraryError | None
        try:
            with _importing:
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
    Check libraries, then turn import errors inside the context into `LibraryError`: some of our modules need them.

    :raises LibraryError: see `check`.
    """
    check(*names)
    failure: LibraryError | None = None
    try:
        with _importing:
            yield
    except (ImportError, AttributeError) as error:
        failure = _cannot_load(" / ".join(names), error)
    if failure is not None:
        raise failure


def _is_new_enough(name: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", _version(name))[:2]]
    return not numbers or tuple(numbers) >= OLDEST.get(name, (0, 0))  # an unknown version is accepted


def too_old(name: str, oldest: tuple[int, int]) -> LibraryError:
    """Return the error for a loaded library that is older than ``oldest``."""
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
