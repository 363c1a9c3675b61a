# SPDX-License-Identifier: GPL-3.0-or-later
"""
Errors of the store, with a message for each cause.

Floor: first. Thread: any. No ``bpy``.
"""

import errno
import os
import sqlite3
from pathlib import Path

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ..files.no_room import NO_ROOM
from .file_system import has_locks, is_on_network

_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


class StoreError(TriverseError):
    """The store cannot be read or written."""


class LeaseLostError(TriverseError):
    """Another Blender now holds the lease of this task."""


class NoSuchTaskError(TriverseError):
    """The task was removed from the list."""


def unusable(path: Path, error: Exception) -> StoreError:
    """
    Return the error that explains why the database cannot be opened or written, and what to do.

    :param path: path of the database.
    :param error: an error of the file system or of SQLite.
    """
    folder, reason = str(path.parent), _reason(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    number = error.errno if isinstance(error, OSError) else 0
    if code == sqlite3.SQLITE_FULL or number in NO_ROOM:
        return StoreError(
            Sentence.of(
                "There is no room left for the list of tasks in {folder}. Free some space, then try again.",
                folder=folder,
            )
        )
    if path.parent.is_dir() and not has_locks(path.parent):
        return StoreError(
            Sentence.of(
                "The file system of {folder} has no working locks, without which two Blenders would spoil the list of "
                "tasks. Keep it in a folder of this machine: the preferences move it.",
                folder=folder,
            )
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            Sentence.of(
                "The list of tasks in {folder} cannot be written, because another program holds it ({reason}). Close "
                "that one, then try again.",
                folder=folder,
                reason=reason,
            )
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or number in _DENIED or not _can_write(path):
        return StoreError(
            Sentence.of(
                "The list of tasks in {folder} cannot be written ({reason}). Check the permissions of the folder and "
                "of what is in it.",
                folder=folder,
                reason=reason,
            )
        )
    if is_on_network(path.parent):
        return StoreError(
            Sentence.of(
                "The list of tasks cannot be kept in {folder}, which is on a network ({reason}). Keep it in a folder "
                "of this machine: the preferences move it.",
                folder=folder,
                reason=reason,
            )
        )
    return StoreError(
        Sentence.of(
            "The list of tasks in {folder} cannot be opened or written ({reason}). If it does not help to start "
            "Blender again, choose another folder in the preferences.",
            folder=folder,
            reason=reason,
        )
    )


def _reason(error: Exception) -> str:
    name = getattr(error, "sqlite_errorname", "")
    # SQLite reports "disk I/O error" for twenty different errors; the name identifies the error.
    return f"{error}, {name}" if name else getattr(error, "strerror", None) or str(error)


def _can_write(path: Path) -> bool:
    if not path.parent.is_dir():
        return True  # the cause is not a permission
    return os.access(path.parent, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.R_OK | os.W_OK))
