# SPDX-License-Identifier: GPL-3.0-or-later
"""The translations are sound: nothing lost of a template, nothing empty, the same texts in every language."""

from __future__ import annotations

from types import ModuleType

import pytest

from scripts._dev.visible_text import in_source, lacking, languages, placeholders, unsaid, unused, visible_texts

LANGUAGES = languages()


@pytest.fixture(params=LANGUAGES, name="language")
def _language(request: pytest.FixtureRequest) -> ModuleType:
    return LANGUAGES[request.param]


def test_there_are_chinese_japanese_and_german() -> None:
    assert list(LANGUAGES) == ["de", "ja", "zh_hans"]


def test_placeholders_are_those_of_the_english_text(language: ModuleType) -> None:
    for table in (language.TEXTS, language.OPERATORS):
        for english, words in table.items():
            assert placeholders(words) == placeholders(english), words


def test_tables_are_sorted_and_whole(language: ModuleType) -> None:
    for table in (language.TEXTS, language.OPERATORS):
        assert list(table) == sorted(table)
        assert all(words.strip() == words and words for words in table.values())


def test_every_language_has_the_same_texts() -> None:
    first, *others = LANGUAGES.values()
    for other in others:
        assert other.TEXTS.keys() == first.TEXTS.keys()
        assert other.OPERATORS.keys() == first.OPERATORS.keys()


def test_a_sentence_ends_as_one_and_a_label_as_one(language: ModuleType) -> None:
    for english, words in language.TEXTS.items():
        ends = words.endswith((".", "。", "}", "？", "?", "：", "…"))
        if english.endswith(".") and len(english.split()) > 1:
            assert ends or "https://" in words or language.__name__.endswith("ja"), (english, words)
        if not english.endswith((".", "?", "…")):
            assert not words.endswith((".", "。")), (english, words)


def test_what_blender_does_not_translate_is_in_words() -> None:
    """Reasons of greyed buttons, reports, and the texts of dialogs are shown as they are given."""
    assert unsaid() == []


def test_every_visible_text_is_translated(language: ModuleType) -> None:
    """``python scripts/_dev/visible_text.py`` lists what lacks."""
    assert lacking(visible_texts(), language) == []


def test_nothing_is_translated_that_is_not_used(language: ModuleType) -> None:
    assert unused(visible_texts(), language) == []


SOURCE = '''
TASKS_ITEMS = (("A", "An Item", "Of a table"),)
class One(Mixed, bpy.types.Operator):
    """The tooltip"""
    bl_idname = "triverse.one"
    bl_label = "The Name"
    kind: EnumProperty(name="Kind", description="Which kind", items=(("B", "Red", "It is red"),))
    hidden: StringProperty(name="Not Shown", options={"HIDDEN"})
    def draw(self, context):
        layout.label(text="A Label" if self.kind else "Another Label")
        layout.operator("triverse.one", text="A Button")
        draw_task_operator(layout, "triverse.two", record, text="Another Button")
        layout.prop(self, "kind", text="", placeholder="A Hint")
        layout.label(text=tr("{count} things", count=2), translate=False)
class Menu(bpy.types.Menu):
    """A menu's tooltip"""
    bl_label = "A Menu"
class Panel(bpy.types.Panel):
    """Not shown"""
    bl_label = "A Panel"
raise InputError(Sentence.of("The file is gone. " "Choose another."), field="x")
'''


def test_texts_are_found_wherever_they_may_stand() -> None:
    found = {(text.context, text.text) for text in in_source(SOURCE, "triverse_addon/ui/x.py")}
    assert found >= {
        ("*", "An Item"),
        ("*", "Of a table"),
        ("*", "The tooltip"),
        ("Operator", "The Name"),
        ("*", "Kind"),
        ("*", "Which kind"),
        ("*", "Red"),
        ("*", "It is red"),
        ("*", "A Label"),
        ("*", "Another Label"),
        ("Operator", "A Button"),
        ("Operator", "Another Button"),
        ("*", "A Hint"),
        ("*", "{count} things"),
        ("*", "A menu's tooltip"),
        ("*", "A Menu"),
        ("*", "A Panel"),
        ("*", "The file is gone. Choose another."),
    }
    assert not found & {("*", "Not Shown"), ("*", "Not shown")}
