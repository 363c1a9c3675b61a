# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parses numbers and yes/no values as people, spreadsheets and data tools write them.

Ground floor; any thread; no ``bpy``.

The decimal mark and the thousands separator depend on the author's language, and a single comma or point before three
digits can be either. Such a number is reported as ambiguous, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from .sentence import Sentence

#: Longer texts are no numbers that any field accepts.
_MOST_CHARACTERS = 60
#: What a number with a decimal mark has in it.
_MARKS = re.compile("[.,．，٫]")
#: Thousands separators that are never decimal marks: Swiss apostrophes, Arabic, and those of programming languages.
_GROUP_MARKS = str.maketrans(dict.fromkeys(" '’_٬", "'"))
_MINUS = str.maketrans(dict.fromkeys("−﹣‐‑–", "-"))
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("„", "“"), ("「", "」"))

#: English and the panel's languages; then spreadsheets' words for TRUE and FALSE in other languages; then checkmarks.
_YES = """
true yes on y t wahr ja j an ein richtig 是 真 对 對 有 开 開 はい 真 有効 オン 有り あり
vrai oui verdadero verdadeiro vero sí si sim waar prawda tak истина да doğru evet sand ✓ ✔ ☑ ✅ ○ 〇
"""
_NO = """
false no off n f falsch nein aus 否 假 不是 错 錯 无 無 关 關 いいえ 偽 無効 オフ 無し なし
faux non falso não nao onwaar nee fałsz nie ложь нет yanlış hayır falsk ✗ ✘ ☐ ❌ × ✕
"""
_WORDS = dict.fromkeys(_YES.split(), True) | dict.fromkeys(_NO.split(), False)


class AmbiguousNumberError(ValueError):
    """
    The text has two readings, one of which is a thousand times the other.

    :ivar text: the number as written.
    :ivar large: the value if the mark separates thousands.
    :ivar small: the value if it is a decimal mark.
    """

    def __init__(self, text: str, large: Decimal, small: Decimal) -> None:
        self.text, self.large, self.small = text, plain(large), plain(small)
        super().__init__(f"{self.text} can mean {self.large} or {self.small}; write one of these")

    def sentence(self, field: str) -> Sentence:
        """
        Return the error message, with both readings.

        :param field: label of the field.
        """
        return Sentence.of(
            "{field}: {text} can mean {large} or {small}. Write one of these.",
            field=field,
            text=self.text,
            large=self.large,
            small=self.small,
        )


def number(text: str, *, decimal_mark: str = "") -> Decimal | None:
    """
    Return the value of a number; None if the text is no number.

    :param decimal_mark: "." or "," if the decimal mark is known, and so may precede three digits; else "".
    :raises AmbiguousNumberError: the text has two readings, and its mark is not ``decimal_mark``.
    """
    bare = _bare(text)
    if len(bare) > _MOST_CHARACTERS:
        return None
    if bare.isdecimal():
        return Decimal(bare)
    by_mark = {mark: found for mark in ".," if (found := _read(bare, mark)) is not None}
    if len(set(by_mark.values())) < 2:
        return next(iter(by_mark.values()), None)
    large, small = sorted(by_mark.values(), key=abs, reverse=True)
    if decimal_mark and by_mark[decimal_mark] == small:
        return small
    raise AmbiguousNumberError(bare, large, small)


def decimal_mark_in(text: str) -> str:
    """Return the decimal mark that a number proves, "." or ","; "" if it proves none (20000 or 1,500)."""
    if text[:1].isalpha() or len(text) > _MOST_CHARACTERS or not _MARKS.search(text):
        return ""
    bare = _bare(text)
    marks = [mark for mark in ".," if _read(bare, mark) is not None]
    return marks[0] if len(marks) == 1 else ""


def yes_or_no(text: str) -> bool | None:
    """Return the yes/no value of a word, a checkmark, or 1 or 0 (also with decimals); None for anything else."""
    word = _bare(text).casefold()
    try:
        value = None if word in _WORDS else number(word)
    except AmbiguousNumberError:
        return None
    return bool(value) if value in (0, 1) else _WORDS.get(word)


def plain(value: Decimal) -> str:
    """Return a number as digits with at most a decimal point, without exponent and separators."""
    return format(value.normalize(), "f")


def half_width(text: str) -> str:
    """Return a text with full-width characters of East Asian keyboards replaced by ASCII."""
    return (
        text if text.isascii() else "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
    )


def _bare(text: str) -> str:
    """Return a text with ASCII digits, and without quotes, surrounding white space and invisible characters."""
    if text.isascii() and text.isalnum():
        return text
    text = "".join(_characters(half_width(text))).strip()
    for first, last in _QUOTES:
        if len(text) > 2 and text.startswith(first) and text.endswith(last):
            return text[1:-1].strip()
    return text


def _characters(text: str) -> Iterator[str]:
    for char in text:
        if char.isspace():
            yield " "
        elif char.isdecimal():
            yield str(unicodedata.decimal(char))
        elif unicodedata.category(char) != "Cf":
            yield char


def _read(bare: str, mark: str) -> Decimal | None:
    """Return the number in ``bare`` if its decimal mark is ``mark``; None if it is no such number."""
    other = "," if mark == "." else "."
    text = bare.translate(_MINUS).translate(_GROUP_MARKS).replace("٫", mark)
    # Accepts also Indian grouping, 1,00,000. Grouping is rejected after a leading zero and before an exponent.
    match = re.fullmatch(
        rf"([+-]?)'?(?:(\d+|[1-9]\d{{0,2}}(?:(['{other}])\d{{3}})(?:\3\d{{3}})*|[1-9]\d?(?:,\d\d)+,\d{{3}})?"
        rf"(?:[{mark}](\d*))?)(?:[eE]([+-]?\d{{1,3}}))?",
        text,
    )
    if match is None or not (match[2] or match[4]):
        return None
    whole = match[2] or "0"
    if not whole.isdecimal() and (match[5] or ("," in whole and mark == ",")):
        return None
    digits = "".join(char for char in whole if char.isdecimal())
    return Decimal(f"{match[1]}{digits}.{match[4] or '0'}e{match[5] or '0'}")
