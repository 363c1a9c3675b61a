# SPDX-License-Identifier: GPL-3.0-or-later
"""
Reads the words of a picture, with Tesseract inside this process.

No floor (development only). Any thread, one at a time. Never imports ``bpy``. Linux only.

The program ``tesseract`` takes 0.16 s of processor time to load its data, for each picture; here that is done once.
"""

from __future__ import annotations

import functools
import os
import threading
from pathlib import Path
from typing import Any

from PIL import Image

from .sandbox import SandboxError

_DATA = "usr/share/tesseract-ocr/5/tessdata"
"""Where Debian's package ``tesseract-ocr-eng`` has the letters."""
_RESOLUTION_DPI = 70
"""What the program takes when a picture does not say."""
_ONE_AT_A_TIME = threading.Lock()


def data_folder(root: Path | None) -> Path:
    """The folder with what Tesseract knows of English letters: of a Debian root, or of this machine.

    Raises:
        SandboxError: there is none.
    """
    named = os.environ.get("TESSDATA_PREFIX")
    places = [Path(named)] if named else []
    for folder in [*places, (root or Path("/")) / _DATA, Path("/") / _DATA]:
        if (folder / "eng.traineddata").is_file():
            return folder
    raise SandboxError("Tesseract's data for English is missing: package tesseract-ocr-eng.")


def table_of(picture: Image.Image, data: Path) -> str:
    """What can be read of a picture, as the program ``tesseract`` writes it with ``tsv``, without the line of titles.

    Args:
        picture: in grey (mode L): dark letters, some 30 pixels high, on white.
        data: see :func:`data_folder`.
    """
    with _ONE_AT_A_TIME:
        reader = _reader(data)
        reader.SetImageBytes(picture.tobytes(), picture.width, picture.height, 1, picture.width)
        reader.SetSourceResolution(_RESOLUTION_DPI)
        table: str = reader.GetTSVText(0)
        reader.Clear()
        return table


@functools.cache
def _reader(data: Path) -> Any:
    # More threads take longer, all in all, and there is a test on each processor. It is looked at once, on loading.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    import tesserocr  # type: ignore[import-untyped]

    return tesserocr.PyTessBaseAPI(path=f"{data}/", lang="eng", psm=tesserocr.PSM.SPARSE_TEXT)
