# SPDX-License-Identifier: GPL-3.0-or-later
"""
The interface between the commands and the program they run in, and its implementation without Blender.

Floor: third. Thread: main. No ``bpy``: ``blender_host`` is the implementation with Blender.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..api.errors import InputError
from ..api.sentence import Sentence
from ..api.urls import DEFAULT_API_URL
from ..batch.library.asset_writer import AssetWriter
from ..tasks.converter import Converter
from ..tasks.engine.import_queue import ImportOutcome
from ..tasks.preparer import Preparer
from ..tasks.record import TaskRecord
from ..tasks.settings import Settings, key_from_environment, url_from_environment


class Host(Protocol):
    """The program that runs a command."""

    prog: str
    """How the command was called, for help texts and messages."""
    can_save_blend: bool
    """Whether models can be imported and saved as .blend."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings.

        :param data: the folder given with ``--data``; None for the default folder.
        :param offline: whether ``--offline`` was given.
        :raises InputError: there is no default folder.
        """
        ...

    def about(self) -> Mapping[str, str]:
        """Return information about this program for the report, by label."""
        ...

    def converter(self) -> Converter | None:
        """Return a converter from GLB to .blend; None if that is not possible."""
        ...

    def preparer(self) -> Preparer | None:
        """Return a preparer that converts sources before the upload; None if they are uploaded unchanged."""
        ...

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        """
        Return a writer that adds models to an asset library; None without Blender.

        :param data_dir: the store's folder, in which it creates temporary files.
        """
        ...

    def is_open(self, path: Path) -> bool:
        """Return whether ``path`` is the open .blend."""
        ...

    def begin_blend(self) -> None:
        """Prepare for :meth:`import_model`: keep the open .blend, or create an empty file."""
        ...

    def import_model(self, record: TaskRecord) -> ImportOutcome:
        """Import a model next to those imported since :meth:`begin_blend`."""
        ...

    def save_blend(self, path: Path) -> None:
        """
        Save the file.

        :raises SaveError: the file cannot be written.
        """
        ...


def folders(data: str) -> tuple[Path, Path]:
    """Return the store's folder and the models' folder inside a ``--data`` folder."""
    folder = Path(os.path.abspath(Path(data).expanduser()))
    return folder, folder / "models"


class PlainHost:
    """
    The `Host` for Python without Blender: everything but .blend files. Running the script is the consent to go online.

    :param prog: how the command was called.
    """

    can_save_blend = False

    def __init__(self, prog: str) -> None:
        self.prog = prog

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings, from the environment only.

        :param data: the folder given with ``--data``, which is required.
        :param offline: whether ``--offline`` was given.
        :raises InputError: ``data`` is missing.
        """
        if not data:
            raise InputError(
                Sentence.of("Without Blender there is no usual folder for tasks. Name one with --data DIR."),
                field="data",
            )
        data_dir, download_dir = folders(data)
        return Settings(
            data_dir=data_dir,
            download_dir=download_dir,
            api_key=key_from_environment(),
            api_url=url_from_environment() or DEFAULT_API_URL,
            online=not offline,
            offline_by="command_line",
        )

    def about(self) -> Mapping[str, str]:
        """Return that this is Python without Blender."""
        return {"Blender": "none"}

    def converter(self) -> Converter | None:
        """Return None: GLB files are not converted."""
        return None

    def preparer(self) -> Preparer | None:
        """Return None: sources are uploaded unchanged."""
        return None

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        """Return None: only .glb files can be written."""
        return None

    def is_open(self, path: Path) -> bool:
        """Return False: no file can be open."""
        return False

    def begin_blend(self) -> None:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError

    def import_model(self, record: TaskRecord) -> ImportOutcome:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError

    def save_blend(self, path: Path) -> None:
        """Raise an error: never called, since ``can_save_blend`` is False."""
        raise NotImplementedError
