# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read the preview of a model before it is needed: while the child waits for the model, or beside the model's import.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

import functools
import hashlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING or __package__:
    from . import thumbnail
    from .beside import LATER, Beside
else:
    import thumbnail
    from beside import LATER, Beside

_LIBRARY = "OpenImageIO"

#: SHA-256 of the images that were read while the child waited, and what was made of them.
_made_ahead: dict[bytes, thumbnail.Made] = {}
#: The image that a thread reads, and what will be made of it: None if Blender has to read it all the same.
_begun: tuple[Path, Beside[thumbnail.Made | None]] | None = None


def begin(picture: Path) -> None:
    """
    Let a thread read an image that :func:`try_read` will be asked for, if that is possible, and was not done ahead.

    :param picture: path of a PNG, JPEG or WebP.
    """
    global _begun
    _begun = None if _made_ahead else _started(picture)


def _started(picture: Path) -> tuple[Path, Beside[thumbnail.Made | None]] | None:
    """Let a thread read an image; return None if Blender has to."""
    if (made := _reader()) is None:
        return None
    try:
        size = thumbnail.pixel_size(picture)
    except thumbnail.PictureError:
        return None  # it is said where Blender is asked for it
    factor = max(size) // thumbnail.EDGE_PX
    if factor < 2 or max(size) != factor * thumbnail.EDGE_PX or min(size) % factor:
        return None  # parts of pixels are left to Blender
    return picture, Beside(lambda: made(picture, size, factor), LATER)


@functools.cache
def _reader() -> Callable[[Path, tuple[int, int], int], thumbnail.Made | None] | None:
    """Return what reads and scales an image down in a thread; None where there is no OpenImageIO, or no numpy."""
    try:
        _load_library()
        if TYPE_CHECKING or __package__:
            from . import picture_scaling, png_bytes
        else:
            import picture_scaling
            import png_bytes
    except ImportError:
        return None

    def made(picture: Path, size: tuple[int, int], factor: int) -> thumbnail.Made | None:
        rows = picture_scaling.scaled(picture, size, factor)
        if rows is None:
            return None
        height, width = rows.shape[:2]
        small = thumbnail.Small((width, height), picture_scaling.floats(rows))
        return small, png_bytes.encode(rows, thumbnail.COMPRESSION)

    return made


def _load_library() -> None:
    """
    Load OpenImageIO where Python would not find it.

    The bpy module has the packages of Blender too, and does not look for them
    (``findings/packages-in-bpy-not-found.sh``).

    :raises ImportError: it cannot be loaded.
    """
    folder = "" if bpy.app.binary_path else bpy.utils.system_resource("PYTHON")  # type: ignore[attr-defined]
    if not folder or _LIBRARY in sys.modules:
        return
    places = [str(path) for at in ("", "python*/") for path in Path(folder, "lib").glob(f"{at}site-packages")]
    spec = importlib.machinery.PathFinder.find_spec(_LIBRARY, places)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[_LIBRARY] = module
    try:
        spec.loader.exec_module(module)
    except ImportError:
        del sys.modules[_LIBRARY]
        raise


def warm_up() -> None:
    """Load what reads images in a thread, which takes 0.01 to 0.02 s."""
    _reader()


def read_ahead(picture: Path) -> None:
    """
    Read an image that :func:`try_read` will be asked for.

    :param picture: path of a PNG, JPEG or WebP; it may be replaced afterwards.
    :raises OSError: it cannot be read, or scaled down.
    """
    digest = _digest(picture)
    try:
        _made_ahead[digest] = _from_thread(picture) or thumbnail.scaled(picture, with_png=True)
    except thumbnail.PictureError as error:
        raise OSError(0, str(error)) from error


def try_read(picture: Path, target: Path) -> thumbnail.Small | None:
    """
    Return an image scaled down, and write that to a file.

    :param picture: path of a PNG, JPEG or WebP.
    :param target: path of the PNG to write, which is replaced atomically.
    :return: None, with a line in the log, if the image cannot be used.
    """
    return thumbnail.try_read(picture, target, known(picture) or _from_thread(picture))


def _from_thread(picture: Path) -> thumbnail.Made | None:
    """
    Return what a thread makes of an image; None if Blender has to.

    What :func:`begin` was not called for begins here, so that all previews are scaled alike.
    """
    global _begun
    begun, _begun = _begun, None
    if begun is None or begun[0] != picture:
        begun = _started(picture)
    return begun[1].result() if begun is not None else None


def known(picture: Path) -> thumbnail.Made | None:
    """Return what :func:`read_ahead` has made of an image with the same bytes."""
    if not _made_ahead:
        return None
    try:
        return _made_ahead.get(_digest(picture))
    except OSError:
        return None


def _digest(picture: Path) -> bytes:
    with picture.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
