# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the manifest asks a user's permission for is what the source does: nothing less, nothing more.

One: ``python scripts/test.py tests/package/test_permissions.py``. Plain Python; Blender's own tool reads it too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev import extension_tool
from scripts._dev.package import MANIFEST, REPO, manifest

pytestmark = pytest.mark.kind("clipboard-permission")

#: What Blender's schema knows (``blender_ext.py``), and by what a source shows that it needs it: modules that are
#: imported, attributes and functions that are used.
SIGNS = {
    "network": r"(requests|urllib3?\.request|http\.client|websockets?|socket|ssl|ftplib|smtplib|truststore)(\.|$)",
    "clipboard": r".*(^|\.)(clipboard|clipboard_paste|clipboard_copy|paste_clipboard)$",
    "files": r"(sqlite3|shutil|tempfile)(\.|$)|open$|.*\.(open|write_bytes|write_text|read_bytes|mkdir|unlink)$",
    "camera": r"(cv2|picamera2?|v4l2|imageio_ffmpeg)(\.|$)|.*\.VideoCapture$",
    "microphone": r"(sounddevice|pyaudio|soundcard|speech_recognition)(\.|$)|aud\.Source",
}


def needed(source: str) -> set[str]:
    """The permissions that one module needs."""
    names = list(_names(ast.parse(source)))
    return {permission for permission, sign in SIGNS.items() if any(re.match(sign, name) for name in names)}


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def declared() -> dict[str, str]:
    found = manifest()["permissions"]
    assert isinstance(found, dict)
    return found


def test_every_permission_that_is_needed_is_asked_for_and_no_other() -> None:
    used: dict[str, list[str]] = {}
    for path in sorted((REPO / "triverse_addon").rglob("*.py")):
        for permission in needed(path.read_text("utf-8")):
            used.setdefault(permission, []).append(path.name)
    assert set(used) == set(declared()), used


@pytest.mark.parametrize(
    ("source", "permissions"),
    [
        ("import requests", {"network"}),
        ("from http.client import HTTPSConnection", {"network"}),
        ("import websockets.sync.client", {"network"}),
        ("from urllib.parse import quote", set()),
        ("text = context.window_manager.clipboard", {"clipboard"}),
        ("context.window_manager.clipboard = 'a'", {"clipboard"}),
        ("bpy.ops.image.clipboard_paste()", {"clipboard"}),
        ("path.write_bytes(b'')", {"files"}),
        ("open('a')", {"files"}),
        ("import sqlite3", {"files"}),
        ("import cv2", {"camera"}),
        ("import sounddevice as sound", {"microphone"}),
        ("from . import socket_names\nname = 'clipboard'", set()),
    ],
)
def test_each_is_seen(source: str, permissions: set[str]) -> None:
    assert needed(source) == permissions


def test_the_texts_keep_to_blenders_rules() -> None:
    """``blender_ext.py``: at most 64 characters, without a full stop, no control characters."""
    texts = [*declared().values(), str(manifest()["tagline"])]
    for text in texts:
        assert 0 < len(text) <= 64, text
        assert text == text.strip()
        assert text.isprintable()
        assert text[-1].isalnum() or text[-1] in ")]}", text


def _validate(tmp_path: Path, text: str) -> None:
    """Have Blender's tool look at the manifest; the wheels are for the built zip."""
    text = re.sub(r"^wheels = \[.*?^\]\n", "", text, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / MANIFEST.name).write_text(text, "utf-8")
    (tmp_path / "__init__.py").touch()
    extension_tool.ensure().run("validate", str(tmp_path))


def test_blenders_own_validator_takes_it(tmp_path: Path) -> None:
    _validate(tmp_path, MANIFEST.read_text("utf-8"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('clipboard = "', 'clipbord = "'),
        ('clipboard = "', 'clipboard = "' + "x" * 64),
        (declared()["clipboard"] + '"', declared()["clipboard"] + '."'),
    ],
    ids=["an unknown one", "too long", "a full stop"],
)
def test_blenders_own_validator_would_tell(tmp_path: Path, before: str, after: str) -> None:
    text = MANIFEST.read_text("utf-8")
    assert before in text
    with pytest.raises(extension_tool.ToolError):
        _validate(tmp_path, text.replace(before, after))
