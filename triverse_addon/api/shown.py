# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts from outside, as they may be shown on a terminal, and as they may be kept as names.

Ground floor; any thread; no ``bpy``.

A file's name, a table's cell or a service's text may hold characters that a terminal obeys (ECMA-48), that turn the
order of what is read (Unicode TR 9, "Trojan Source"), or that nobody sees.
"""

from __future__ import annotations

import re
import unicodedata

#: Control, format, half characters, ends of lines and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Persian and Indian words, and emoji, are written with these joiners.
_JOINERS = "\u200c\u200d"


def shown(text: str) -> str:
    """Return a text in one line, with every character that is not seen written as Python does, ``\\x1b``: no space."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if _is_unseen(char) else char for char in text)


def plain_name(text: str) -> str:
    """Return a text as a name: one line, without any character that is not seen."""
    if not text.isprintable():
        text = "".join(" " if char.isspace() else "" if _is_unseen(char) else char for char in text)
    return " ".join(text.split())


def escaped_json(text: str) -> str:
    """Return a JSON text with every character that is not seen escaped in its strings; ends of lines stay."""
    if text.isprintable():
        return text
    return re.sub(r"[^\n\t -~]", lambda match: _json_escape(match[0]) if _is_unseen(match[0]) else match[0], text)


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN and char not in _JOINERS


def _escaped(char: str) -> str:
    if char.isspace():
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
