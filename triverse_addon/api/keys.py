# SPDX-License-Identifier: GPL-3.0-or-later
"""
The API key: cleaning pasted text, hiding the key in texts, and checking which service it was entered for.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from .display_text import INVISIBLE, without_invisible
from .errors import InputError, KeyElsewhereError, KeyMissingError
from .sentence import Sentence
from .urls import check_base_url, hide_tokens, is_loopback, origin_of

HIDDEN = "…"
"""Replacement for a key in texts."""

_LEAST_DOUBLED = 12
"""Minimum length of a key for the check whether it was pasted twice without a space between."""

_QUOTES = "\"'`´‘’‚‛“”„‟«»‹›「」『』＂＇"
_VARIABLE = "TRIVERSE_API_KEY"
_BEGINNING = r"""(?<![^\s"'“„=:])"""
"""Required before a label, since a key may end in "token="."""
_NAMES = rf"{_VARIABLE}|x-api-key|api[ _-]?key|authorization|token"
_ASSIGNED = re.compile(rf"(?i){_BEGINNING}(?:\$env:)?(?:{_NAMES})[\"']?\s*[=:]\s*")
_SCHEME = re.compile(rf"(?i){_BEGINNING}bearer(?=$|[\s:=\"'])[:=]?")
_LABELS = frozenset({"export", "set", "setx", "=", ":", _VARIABLE.lower()})


def clean_key(text: str) -> str:
    """
    Return a key without what is often pasted with it: quotes, "Bearer", a variable name, a second copy of the key.

    Nothing is rejected here; see `check_key`. A text without a key is returned unchanged, without invisible characters.
    """
    visible = without_invisible(text).strip()
    words = []
    for word in _SCHEME.sub(" ", _ASSIGNED.sub(" ", visible)).split():
        bare = word.strip(_QUOTES + ";,").strip() if word[:1] in _QUOTES or word[-1:] in _QUOTES + ";" else word
        if bare and bare.lower() not in _LABELS:
            words.append(bare)
    if not words and visible.lower() != _VARIABLE.lower():
        return ""
    if len(set(words)) != 1:
        return visible
    key = words[0]
    half = key[: len(key) // 2]
    return half if len(half) >= _LEAST_DOUBLED and half * 2 == key and len(set(half)) > 4 else key


def check_key(key: str) -> str:
    """
    Return the API key, cleaned.

    The format of keys is not documented. A key with spaces, line breaks or non-ASCII letters cannot be sent in a
    header, and the error of the network library would quote it.

    :raises KeyMissingError: the text is empty.
    :raises InputError: (field ``api_key``) the text cannot be a key.
    """
    word = clean_key(key)
    if not word:
        raise KeyMissingError()
    problem = _problem(word)
    if problem is not None:
        raise InputError(problem, field="api_key")
    return word


def _problem(word: str) -> Sentence | None:
    if word.strip("${}%()").upper() == _VARIABLE:
        return Sentence.of("This is the name of a variable, not an API key. Copy the key itself from Triverse.")
    if re.match(r"(?i)(https?|wss?)://", word):
        return Sentence.of("This is a web address, not an API key. Copy the key itself from Triverse.")
    if re.search(r"\*{3}|•{2}|●{2}|…|\.{3}", word):
        return Sentence.of("Only a part of the API key is here. Copy the whole key from Triverse.")
    if not word.isascii() or any(c.isspace() or not c.isprintable() for c in word):
        return Sentence.of("The API key has characters that no key has. Copy it from Triverse again.")
    return None


def check_key_is_for(service_url: str, entered_for: str) -> None:
    """
    Check that the key is sent only to the service that it was entered for.

    A service on this machine is exempt: it is the user's own, and anyone who can replace it can read the key in the
    preferences. An invalid service URL is exempt too: the code that uses the URL reports that error.

    :param entered_for: the origin that the key was entered for; "" if unknown.
    :raises KeyElsewhereError: the key was entered for another origin.
    """
    origin = origin_of(service_url)
    if not entered_for or origin == entered_for or is_loopback(service_url):
        return
    try:
        check_base_url(service_url)
    except InputError:
        return
    raise KeyElsewhereError(entered_for, origin)


# -----------------------------------------------------------------------------
# Hiding the key in texts


def redact(text: str, key: str = "") -> str:
    """Return ``text`` with the key, in any spelling, and everything that looks like a key replaced."""
    return hide_tokens(hide_key(text, key))


def hide_key(text: str, key: str) -> str:
    """
    Return ``text`` with the key replaced, in every encoding.

    The key may be plain, percent-encoded (once or twice), escaped, or mixed with invisible characters.
    :param key: the key in use; "" hides nothing.
    """
    return _pattern(key).sub(HIDDEN, text) if key else text


@lru_cache(maxsize=4)
def _pattern(key: str) -> re.Pattern[str]:
    between = f"[{INVISIBLE}]*"
    return re.compile(between.join("".join(_forms(character)) for character in key))


def _forms(character: str) -> Iterator[str]:
    """Yield the parts of a regex that matches one character in all its encodings."""
    octets = character.encode("utf-8", "replace")
    percent = "".join(rf"%(?:25)*{_hex(octet)}" for octet in octets)
    code = ord(character)
    plain = re.escape(character) if character != "/" else r"\\*/"  # JSON may escape a slash, and nested JSON again
    yield f"(?:{plain}|{percent}|\\\\+u{_any_case(f'{code:04x}')}|&#0*{code};|&#[xX]0*{_any_case(f'{code:x}')};"
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}.get(character)
    yield f"|{re.escape(named)})" if named else ")"


def _hex(octet: int) -> str:
    return _any_case(f"{octet:02x}")


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
