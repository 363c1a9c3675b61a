# SPDX-License-Identifier: GPL-3.0-or-later
"""
Makes external texts safe to print and to use as names, and removes invisible characters.

Ground floor; any thread; no ``bpy``.

A file name, a table cell or a text of the service may contain characters that control a terminal (ECMA-48), that
reorder the displayed text (Unicode TR 9, "Trojan Source"), or that are invisible. Normal text needs some of the
invisible ones (joiners and variation selectors of letters and emoji); an API key needs none, see `INVISIBLE`.
"""

from __future__ import annotations

import re

#: Control and format characters, lone surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Joiners, which Persian and Indian words and emoji need.
_JOINERS = "\u200c\u200d"
#: Letters and a Braille pattern that are rendered as nothing, although ``str.isprintable`` accepts them.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def shown(text: str) -> str:
    r"""Return a text in one line, with white space as spaces and invisible characters as Python escapes (``\x1b``)."""
    if _is_all_seen(text):
        return text
    return "".join(_escaped(char) if _is_unseen(char) else char for char in text)


def in_utf8(text: str) -> str:
    r"""Return a text with the bytes of a path that are no UTF-8 as Python escapes (``\udcfc``)."""
    # Blender refuses them.
    return text.encode(errors="backslashreplace").decode()


def plain_name(text: str) -> str:
    """Return a text as a name: in one line, with single spaces and no invisible characters."""
    if not _is_all_seen(text):
        text = "".join(" " if char.isspace() else "" if _is_unseen(char) else char for char in text)
    return " ".join(text.split())


def is_word_part(char: str) -> bool:
    """Return whether a character is a letter, a digit, or a mark of one, as vowels are in many scripts."""
    if char.isalnum():
        return True
    if char.isascii():
        return False
    import unicodedata

    return unicodedata.category(char) in ("Mn", "Mc") and re.match(f"[{INVISIBLE}]", char) is None


def escaped_json(text: str) -> str:
    """Return a JSON text with invisible characters replaced by JSON escapes; line breaks and tabs stay."""
    if _is_all_seen(text):
        return text
    return re.sub(r"[^\n\t -~]", lambda match: _json_escape(match[0]) if _is_unseen(match[0]) else match[0], text)


def _is_unseen(char: str) -> bool:
    import unicodedata  # a library of its own, for few texts; register() imports this module

    return char in _BLANKS or (unicodedata.category(char) in _UNSEEN and char not in _JOINERS)


def _is_all_seen(text: str) -> bool:
    return text.isprintable() and (text.isascii() or _BLANKS.isdisjoint(text))


def _escaped(char: str) -> str:
    if char.isspace():
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


# -----------------------------------------------------------------------------
# Invisible characters in a key
INVISIBLE = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Content of a regex character class: Unicode's Default_Ignorable_Code_Point, control characters, and all spaces."""

_NEVER_SEEN = f"(?![ \t\n\r\x0b\x0c\xa0\u1680\u2000-\u200a\u202f\u205f\u3000])[{INVISIBLE}]"


def without_invisible(text: str) -> str:
    """Return ``text`` without invisible characters; spaces and line breaks stay."""
    return re.sub(_NEVER_SEEN, "", text)
