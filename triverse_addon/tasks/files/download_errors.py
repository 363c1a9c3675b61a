# SPDX-License-Identifier: GPL-3.0-or-later
"""
Errors of downloads, with a message for each cause.

Floor: first. Thread: any. No ``bpy``.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from .no_room import is_no_room


class DownloadError(TriverseError):
    """A file cannot be downloaded or stored."""


class DiskFullError(DownloadError):
    """The disk is full."""


class FolderError(DownloadError):
    """The download folder cannot be written to."""


class TooLargeError(DownloadError):
    """The file is larger than the limit."""


class ForeignFileError(DownloadError):
    """The file is not of the expected format."""


class ExpiredLinkError(DownloadError):
    """The URL has expired; a new one may work."""


class DownloadStopped(DownloadError):
    """The engine is closing; the partial file is kept for the next start."""


class DownloadBusyError(DownloadError):
    """Another Blender downloads the same file. Ours waits until that one has finished or released it."""


def busy(what: str) -> DownloadBusyError:
    """Return the error that another Blender downloads the same file."""
    return DownloadBusyError(
        Sentence.of("Another Blender is fetching this {what}. It goes on here when that one lets go.", what=what)
    )


def disk_full(folder: Path) -> DiskFullError:
    """Return the error that the disk of a folder is full."""
    return DiskFullError(
        Sentence.of(
            "There is no room left on the disk of {folder}. Free some space, then press Retry.", folder=str(folder)
        )
    )


def folder_error(folder: Path, error: OSError) -> DownloadError:
    """Return the error that explains a file system error to the user."""
    if is_no_room(error):
        return disk_full(folder)
    return FolderError(
        Sentence.of(
            "The folder {folder} cannot be written to ({reason}). Choose another download folder in the "
            "preferences, then press Retry.",
            folder=str(folder),
            reason=error.strerror or type(error).__name__,
        )
    )


@contextlib.contextmanager
def as_folder_errors(folder: Path) -> Iterator[None]:
    """Raise errors of the file system as :func:`folder_error` explains them."""
    try:
        yield
    except OSError as error:
        raise folder_error(folder, error) from None
