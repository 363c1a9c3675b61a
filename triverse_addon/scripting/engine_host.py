# SPDX-License-Identifier: GPL-3.0-or-later
"""
What an engine needs of the program it runs in, and the answers of Python without Blender.

Floor: between second and third. Thread: main. No ``bpy``: ``blender_engine_host`` gives the answers of Blender.
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
from ..tasks.preparer import Preparer
from ..tasks.record.record import Placement
from ..tasks.settings import Settings, key_from_environment, url_from_environment


class EngineHost(Protocol):
    """The program that an engine runs in."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings.

        :param data: the folder given by the user; None for the default folder.
        :param offline: whether the user wants nothing to be sent.
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

    def scene_placement(self) -> Placement:
        """Return a placement with units and frame rate of the open scene, for which a model is converted."""
        ...


def folders(data: str) -> tuple[Path, Path]:
    """Return the store's folder and the models' folder inside a folder given by the user."""
    folder = Path(os.path.abspath(Path(data).expanduser()))
    return folder, folder / "models"


class PlainEngineHost:
    """The `EngineHost` for Python without Blender. Running the script is the consent to go online."""

    def settings(self, data: str | None, *, offline: bool) -> Settings:
        """
        Return the engine's settings, from the environment only.

        :param data: the folder given by the user, which is required.
        :param offline: whether the user wants nothing to be sent.
        :raises InputError: ``data`` is missing.
        """
        if not data:
            raise InputError(
                Sentence.of("Without Blender there is no usual folder for tasks. Name one with data=…."), field="data"
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

    def scene_placement(self) -> Placement:
        """Return the default placement: there is no scene."""
        return Placement()
