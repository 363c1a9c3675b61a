# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that nobody sees: controls, zero widths, directions, fillers, spaces of odd kinds.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import re

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
