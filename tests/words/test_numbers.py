# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences with a number: they read well for 1, and the thousands of amounts are separated."""

from __future__ import annotations

import re

import pytest

from scripts._dev.visible_text import languages, visible_texts
from triverse_addon.api.sentence import Sentence

ENGLISH = sorted({text.text for text in visible_texts()})
#: A number and something of which there may be one.
_COUNTED = re.compile(r"\{(?:balance|cost|credits|count|done|limit|missing)\} (?:credits|rows|models|tasks)\b", re.I)
#: So many are never one: for one, another sentence is said, or more are selected.
_SEVERAL = (
    "Import {count} Models?",
    "Make {count} Models?",
    "Retry {count} Tasks?",
    "Take {count} Tasks off the List?",
)


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (1, "One of 1,200: 1 credit is missing.", "Von 1,200: Es fehlt 1 Credit."),
        (2, "One of 1,200: 2 credits are missing.", "Von 1,200: Es fehlen 2 Credits."),
        (0, "One of 1,200: 0 credits are missing.", "Von 1,200: Es fehlen 0 Credits."),
    ],
)
def test_words_follow_their_number(count: int, english: str, german: str) -> None:
    sentence = Sentence.of(
        "One of {total}: {missing} {missing|credit is|credits are} missing.", total="1,200", missing=count
    )
    assert str(sentence) == english
    translated = sentence.translated(
        lambda _: "Von {total}: Es {missing|fehlt|fehlen} {missing} {missing|Credit|Credits}."
    )
    assert translated == german


def test_at_a_terminal_thousands_are_separated_in_amounts_only() -> None:
    text = "Line {line}: {field} must be from {minimum} to {maximum}."
    sentence = Sentence.of(text, line=1200, field="2000", minimum=1000, maximum=1_500_000)
    assert str(sentence) == "Line 1200: 2000 must be from 1,000 to 1,500,000."


def test_a_number_of_things_has_words_for_one() -> None:
    found = [text for text in ENGLISH if _COUNTED.search(text) and not text.startswith(_SEVERAL)]
    several = re.compile(r"^\{count\} (models are ready|tasks failed|tasks selected|tasks were found)")
    assert [text for text in found if not several.match(text)] == []


@pytest.mark.parametrize("language", languages())
def test_words_for_one_are_of_numbers_in_the_same_text(language: str) -> None:
    for text in [*ENGLISH, *languages()[language].TEXTS.values()]:
        worded = re.findall(r"\{(\w+)\|[^{}|]*\|[^{}|]*\}", text)
        assert set(worded) <= set(re.findall(r"\{(\w+)\}", text))
        assert text.count("|") == 2 * len(worded), text
