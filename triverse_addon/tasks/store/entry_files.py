# SPDX-License-Identifier: GPL-3.0-or-later
"""
Renames, copies, compares and removes an entry of a folder: a file, a link, or a folder with its contents.

Floor: first. Thread: as ``moving``, which uses it. No ``bpy``.
"""

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

#: Prefix of an entry that is being copied.
PART = ".moving-"
_BLOCK_BYTES = 1024 * 1024
#: Windows error code ERROR_NOT_SAME_DEVICE.
_NOT_SAME_DEVICE = 17


def can_rename(source: Path, target: Path) -> bool:
    """Test whether entries can be renamed: a bind mount or a subvolume may refuse it within one device."""
    name = f"{PART}{secrets.token_hex(4)}"
    try:
        (source / name).touch()
        os.rename(source / name, target / name)
    except OSError:
        return False
    finally:
        for folder in (source, target):
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
    return True


def was_renamed(source: Path, target: Path) -> bool:
    """
    Rename an entry. Return False if that is not possible because the target is on another device.

    :raises OSError: it cannot be renamed for another reason.
    """
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV and getattr(error, "winerror", None) != _NOT_SAME_DEVICE:
            raise
        return False
    return True


def remove_entry(path: Path) -> None:
    """Remove a file, a link or a folder with its contents."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def size_bytes(path: Path) -> int:
    """Return the size of a file, or of all files in a folder, in bytes."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(size_bytes(Path(entry.path)) for entry in os.scandir(path))


def copy_entry(source: Path, target: Path) -> None:
    """Copy a file or folder atomically, and compare the copy with the original."""
    part = target.with_name(f"{PART}{secrets.token_hex(4)}")
    try:
        if source.is_dir():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copy2(source, part)
        _to_the_disk(part)
        if not is_same(source, part):
            raise OSError(errno.EIO, "the copy differs")
        os.rename(part, target)
    except shutil.Error as error:
        # copytree collects several errors; a full disk must be recognized among them.
        texts = str(error)
        code = errno.ENOSPC if os.strerror(errno.ENOSPC) in texts else errno.EIO
        raise OSError(code, os.strerror(code)) from None
    finally:
        remove_entry(part)
    _sync(target.parent)


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for entry in sorted(os.listdir(path)):
        yield from _files(path / entry)


def _to_the_disk(path: Path) -> None:
    for file in _files(path):
        if not file.is_symlink():
            _sync(file)
    for folder, _, _ in os.walk(path):
        _sync(Path(folder))


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_same(one: Path, two: Path) -> bool:
    """Return whether two entries are equal byte for byte."""
    here = [file.relative_to(one) for file in _files(one)]
    if here != [file.relative_to(two) for file in _files(two)]:
        return False
    return all(_digest(one / name) == _digest(two / name) for name in here)


def _digest(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    with path.open("rb") as file:
        found = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.digest()
