# SPDX-License-Identifier: GPL-3.0-or-later
"""
Texts from outside: as they may be shown on a terminal, as they may be kept as names, and without what is not seen.

Ground floor; any thread; no ``bpy``.

A file's name, a table's cell or a service's text may hold characters that a terminal obeys (ECMA-48), that turn the
order of what is read (Unicode TR 9, "Trojan Source"), or that nobody sees. Of the latter, texts of people need some
(joiners, and what chooses a letter's or an emoji's look); a key needs none, see `INVISIBLE`.
"""

from __future__ import annotations

import re
import unicodedata

#: Control, format, half characters, ends of lines and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Persian and Indian words, and emoji, are written with these joiners.
_JOINERS = "\u200c\u200d"
#: Letters and a pattern of Braille that are drawn as nothing, and that Python calls printable.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def shown(text: str) -> str:
    """Return a text in one line, with every character that is not seen written as Python does, ``\\x1b``: no space."""
    if _is_all_seen(text):
        return text
    return "".join(_escaped(char) if _is_unseen(char) else char for char in text)


def plain_name(text: str) -> str:
    """Return a text as a name: one line, without any character that is not seen."""
    if not _is_all_seen(text):
        text = "".join(" " if char.isspace() else "" if _is_unseen(char) else char for char in text)
    return " ".join(text.split())


def escaped_json(text: str) -> str:
    """Return a JSON text with every character that is not seen escaped in its strings; ends of lines stay."""
    if _is_all_seen(text):
        return text
    return re.sub(r"[^\n\t -~]", lambda match: _json_escape(match[0]) if _is_unseen(match[0]) else match[0], text)


def _is_unseen(char: str) -> bool:
    return char in _BLANKS or (unicodedata.category(char) in _UNSEEN and char not in _JOINERS)


def _is_all_seen(text: str) -> bool:
    return text.isprintable() and _BLANKS.isdisjoint(text)


def _escaped(char: str) -> str:
    if char.isspace():
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


# -----------------------------------------------------------------------------
# In a key

INVISIBLE = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""For a character class: Unicode's Default_Ignorable_Code_Point, the controls, and all spaces."""

_NEVER_SEEN = re.compile(f"(?![ \t\n\r\x0b\x0c\xa0\u1680\u2000-\u200a\u202f\u205f\u3000])[{INVISIBLE}]")


def without_invisible(text: str) -> str:
    """Return ``text`` without what nobody sees; spaces and line ends stay."""
    return _NEVER_SEEN.sub("", text)
