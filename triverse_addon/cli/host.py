# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the commands ask of the program they run in, and the one without Blender.

Floor: third. Thread: main. No ``bpy``: with Blender, ``blender_host`` answers.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ..api.errors import InputError
from ..api.sentence import Sentence
from ..batch.library.asset_writer import AssetWriter
from ..tasks.converter import Converter
from ..tasks.engine.import_queue import ImportOutcome
from ..tasks.preparer import Preparer
from ..tasks.record import TaskRecord
from ..tasks.settings import DEFAULT_API_URL, Settings, key_from_environment, url_from_environment


class Host(Protocol):
    """The program that runs a command."""

    prog: str
    """How the command was called, for help texts and advice."""
    can_save_blend: bool
    """Whether models can be imported and saved as .blend."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings.

        :param data: the folder of ``--data``; None for the usual one.
        :param offline: ``--offline`` was given.
        :raises InputError: there is no usual folder here.
        """
        ...

    def about(self) -> Mapping[str, str]:
        """Return what a report says of this program, by label."""
        ...

    def converter(self) -> Converter | None:
        """Return what turns GLBs into .blend files; None where that cannot be."""
        ...

    def preparer(self) -> Preparer | None:
        """Return what makes sources fit for the upload; None where they are uploaded as they are."""
        ...

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        """
        Return what writes models into an asset library; None where there is no Blender.

        :param data_dir: the store's folder, in which it works meanwhile.
        """
        ...

    def is_open(self, path: Path) -> bool:
        """Tell whether ``path`` is the .blend that is open."""
        ...

    def begin_blend(self) -> None:
        """Make ready for :meth:`import_model`: the file that is open, or else an empty one."""
        ...

    def import_model(self, record: TaskRecord) -> ImportOutcome:
        """Import a model beside those imported since :meth:`begin_blend`."""
        ...

    def save_blend(self, path: Path) -> None:
        """
        Save the file.

        :raises SaveError: it cannot be written.
        """
        ...


def folders(data: str) -> tuple[Path, Path]:
    """Return the store's folder and the models' folder for a ``--data`` folder."""
    folder = Path(os.path.abspath(Path(data).expanduser()))
    return folder, folder / "models"


class PlainHost:
    """
    A Python without Blender: everything but .blend files. Starting the script is the consent to go online.

    :param prog: how the command was called.
    """

    can_save_blend = False

    def __init__(self, prog: str) -> None:
        self.prog = prog

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """Return the engine's settings, from the environment alone."""
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
        """Return that there is no Blender."""
        return {"Blender": "none"}

    def converter(self) -> Converter | None:
        """Return None: a GLB stays a GLB."""
        return None

    def preparer(self) -> Preparer | None:
        """Return None: a picture stays what it is."""
        return None

    def asset_writer(self, data_dir: Path) -> AssetWriter | None:
        """Return None: only .glb files can be written."""
        return None

    def is_open(self, path: Path) -> bool:
        """Return False: nothing is."""
        return False

    def begin_blend(self) -> None:
        """Never called: ``can_save_blend`` is False."""
        raise NotImplementedError

    def import_model(self, record: TaskRecord) -> ImportOutcome:
        """Never called: ``can_save_blend`` is False."""
        raise NotImplementedError

    def save_blend(self, path: Path) -> None:
        """Never called: ``can_save_blend`` is False."""
        raise NotImplementedError
