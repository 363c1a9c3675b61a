# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model and preview a task gets, and where they come from.

No ``bpy`` in this process: `make_models` runs as a child under a Python that has the ``bpy`` module, the first time
that a sample is needed. That Python is `TRIVERSE_BPY_PYTHON`, or this one, or a ``venvs/bpy-*`` of the development
cache (`TRIVERSE_DEV_CACHE`, default ``~/.cache/triverse-dev``). Samples lie in its ``models``, by version.

Words that count in a task's prompt or in the name of an uploaded file: ``tris:100k`` (also ``tris-100k``; 1k, 20k,
100k, 500k, 1m, 1.5m), ``multi``, ``scenes``, ``geometry`` choose the sample; ``corrupt`` (the JSON inside is rubbish),
``emptyglb`` (0 bytes), ``badmagic`` (no GLB at all), ``shortglb`` (cut off, with a Content-Length that fits),
``unsupported`` (asks for an extension nobody knows) spoil it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .samples import SAMPLES

_REPOSITORY = Path(__file__).resolve().parents[2]
_SPOILERS = ("corrupt", "emptyglb", "badmagic", "shortglb", "unsupported")
_locks = {name: threading.Lock() for name in SAMPLES}


class NoSampleError(RuntimeError):
    """A sample model is missing and cannot be made."""


@dataclass(frozen=True)
class Choice:
    """Which file a task gets: the sample's name, and how it is spoiled ("" = not at all)."""

    sample: str
    spoiled: str = ""


def dev_cache() -> Path:
    """Return the folder of the development cache."""
    return Path(os.environ.get("TRIVERSE_DEV_CACHE") or Path.home() / ".cache" / "triverse-dev")


def folder(sample: str) -> Path:
    """Return where a sample lies, or will lie."""
    return dev_cache() / "models" / f"v{SAMPLES[sample].version}" / sample


def is_ready(sample: str) -> bool:
    """Tell whether a sample has been made."""
    return (folder(sample) / "facts.json").is_file()


def glb_path(sample: str) -> Path:
    """Return the GLB of a sample; it is there once `is_ready`."""
    return folder(sample) / "model.glb"


def preview_path(sample: str) -> Path:
    """Return the square PNG of a sample; it is there once `is_ready`."""
    return folder(sample) / "preview.png"


def facts(sample: str) -> dict[str, float]:
    """Return what is in a sample: triangles, nodes, mesh_nodes, meshes, scenes, materials, images, size_bytes…"""
    ensure([sample])
    counted: dict[str, float] = json.loads((folder(sample) / "facts.json").read_text(encoding="utf-8"))
    return counted


def bpy_python() -> Path:
    """Return a Python that has the ``bpy`` module.

    :raises NoSampleError: there is none.
    """
    if named := os.environ.get("TRIVERSE_BPY_PYTHON"):
        return Path(named)
    if importlib.util.find_spec("bpy") is not None:
        return Path(sys.executable)
    inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    for venv in sorted((dev_cache() / "venvs").glob("bpy-*"), key=lambda path: not path.name.startswith("bpy-5.0")):
        if (python := venv.joinpath(*inside)).exists():
            return python
    raise NoSampleError(
        "The sample models are made by Blender: name a Python that has the bpy module in TRIVERSE_BPY_PYTHON."
    )


def ensure(names: Iterable[str]) -> None:
    """Make those of the samples that are missing. Takes 7 to 15 s each on two cores; blocks.

    :raises NoSampleError: one could not be made; the message says why.
    """
    for name in names:
        with _locks[name]:
            if is_ready(name):
                continue
            command = [str(bpy_python()), "-m", "tests.service.make_models", str(folder(name).parent), name]
            try:
                made = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
            except OSError as error:
                raise NoSampleError(f"{command[0]} cannot be started: {error}") from None
            if made.returncode or not is_ready(name):
                raise NoSampleError(f"Making the sample {name} failed:\n{made.stdout[-2000:]}\n{made.stderr[-4000:]}")


# -----------------------------------------------------------------------------
# Which one


def choose(words: str, polygon_limit: int, usual: str, *, geometry_only: bool) -> Choice:
    """Return the file that fits a request: what its words ask for, else the usual one within the polygon limit."""
    text = words.lower()
    spoiled = next((word for word in _SPOILERS if has_word(text, word)), "")
    if named := re.search(r"(?<![a-z0-9])tris[:-](1\.5m|1m|500k|100k|20k|1k)(?![a-z0-9])", text):
        return Choice(named[1], spoiled)
    for sample in ("multi", "scenes", "geometry"):
        if has_word(text, sample):
            return Choice(sample, spoiled)
    if geometry_only:
        return Choice("geometry", spoiled)
    return Choice(usual if polygon_limit >= SAMPLES[usual].triangles else "1k", spoiled)


def has_word(text: str, word: str) -> bool:
    """Tell whether ``word`` stands in ``text`` by itself, whatever its case; ``_`` separates words too."""
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text, re.IGNORECASE) is not None


# -----------------------------------------------------------------------------
# Changed ones


@lru_cache(maxsize=4)
def changed_bytes(choice: Choice) -> bytes:
    """Return the bytes of a spoiled file, or with ``spoiled="bare"`` of one without its materials.

    The sample must be there.
    """
    if choice.spoiled == "emptyglb":
        return b""
    if choice.spoiled == "badmagic":
        return b"This is not the model you are looking for.\n" * 400
    whole = glb_path(choice.sample).read_bytes()
    if choice.spoiled == "shortglb":
        return whole[: len(whole) // 2]
    json_size = struct.unpack_from("<I", whole, 12)[0]
    text, rest = whole[20 : 20 + json_size], whole[20 + json_size :]
    if choice.spoiled == "corrupt":
        return whole[:20] + text[: json_size // 3].ljust(json_size, b"\xff") + rest
    doc = json.loads(text)
    if choice.spoiled == "unsupported":
        for key in ("extensionsUsed", "extensionsRequired"):
            doc.setdefault(key, []).append("TRIVERSE_not_known")
    else:
        for key in ("materials", "textures", "images", "samplers"):
            doc.pop(key, None)
        for primitive in (one for mesh in doc["meshes"] for one in mesh["primitives"]):
            primitive.pop("material", None)
    text = json.dumps(doc, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    return head + text + rest
