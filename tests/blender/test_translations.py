# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's translations under Blender's own rules. The module ``bpy`` speaks English only; windows show more."""

from __future__ import annotations

import importlib
from types import ModuleType

import bpy
import pytest

CODES = {"zh_HANS": "zh_hans", "zh_CN": "zh_hans", "ja_JP": "ja", "de_DE": "de"}


@pytest.mark.parametrize("locale", CODES)
def test_each_locale_of_blender_has_its_language(ui: ModuleType, locale: str) -> None:
    from triverse_addon.ui import translations

    found = translations.language_for(locale)
    assert found is not None
    assert found.__name__.rpartition(".")[2] == CODES[locale]


@pytest.mark.parametrize("locale", ["en_US", "en_GB", "", "zh_HANT", "fr_FR", "DEFAULT"])
def test_other_locales_stay_english(ui: ModuleType, locale: str) -> None:
    from triverse_addon.ui import translations

    assert translations.language_for(locale) is None


@pytest.mark.parametrize("locale", ["zh_HANS", "ja_JP", "de_DE"])
def test_blender_takes_the_entries_in_its_contexts(ui: ModuleType, locale: str) -> None:
    from triverse_addon.ui import translations

    language = translations.language_for(locale)
    assert language is not None
    entries = translations.entries(language)
    bpy.app.translations.register("test_translations", {locale: entries})
    bpy.app.translations.unregister("test_translations")
    assert entries["Operator", "Copy Task UUID"] == language.OPERATORS["Copy Task UUID"]
    assert ("*", "Copy Task UUID") not in entries
    assert entries["*", "Options"] == language.TEXTS["Options"]
    # Where Blender's own words are too long, or English.
    assert entries["Triverse", "Merge Vertices"] == language.TEXTS["Merge Vertices"]


def test_labels_in_a_context_of_our_own_are_registered_in_it(ui: ModuleType) -> None:
    from triverse_addon.ui.text import translate

    found = [
        declared.name
        for base in (bpy.types.PropertyGroup, bpy.types.AddonPreferences)
        for cls in base.__subclasses__()
        if cls.__module__.startswith("triverse_addon.")
        for declared in cls.bl_rna.properties
        if declared.translation_context == translate.OWN_CONTEXT
    ]
    assert sorted(found) == list(translate.OWN_LABELS)
    of_operators = [
        declared
        for cls in bpy.types.Operator.__subclasses__()
        if cls.__module__.startswith("triverse_addon.")
        for declared in bpy.context.window_manager.operator_properties_last(cls.bl_idname).bl_rna.properties
        if declared.name in translate.OWN_LABELS
    ]
    assert {(one.name, one.translation_context) for one in of_operators} == {("Merge Vertices", translate.OWN_CONTEXT)}


@pytest.mark.parametrize("locale", ["zh_HANS", "ja_JP", "de_DE"])
def test_every_tooltip_of_the_flows_is_translated_as_a_whole(ui: ModuleType, locale: str) -> None:
    from triverse_addon.ui import translations

    language = translations.language_for(locale)
    assert language is not None
    entries = translations.entries(language)
    for item in bpy.types.Scene.bl_rna.properties["triverse"].fixed_type.properties["flow"].enum_items:
        assert ("*", item.name) in entries
        assert not item.description.endswith(".")
        words = entries["*", item.description]
        assert words != item.description
        assert not words.endswith((".", "。"))


def test_english_has_nothing_registered(ui: ModuleType) -> None:
    from triverse_addon.ui import translations

    translations.follow()
    assert not translations.follow(), "the language has not changed in between"
    assert bpy.app.translations.pgettext_iface("Ask Above Credits") == "Ask Above Credits"


@pytest.mark.parametrize(("code", "shown"), [("de", "9.990"), ("ja", "9,990"), ("zh_hans", "9,990"), ("", "9,990")])
def test_thousands_are_separated_as_in_the_language(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch, code: str, shown: str
) -> None:
    """In German, "9,990 Credits" are a few less than ten."""
    from triverse_addon.api.sentence import Sentence
    from triverse_addon.ui.text import translate

    texts = importlib.import_module(f"triverse_addon.ui.translations.{code}").TEXTS if code else {}
    monkeypatch.setattr(translate, "_gettext", lambda text: texts.get(text, text))
    assert translate.amount(9990) == shown
    assert shown in translate.tr("{cost} {cost|credit|credits}", cost=9990)
    # A sentence of a lower floor, which has them in English already.
    assert shown in translate.translate(Sentence.of("Reducing to {count} triangles", count="9,990"))
    assert translate.tr("{count} {count|triangle|triangles}", count=7).startswith("7")
    assert "a, b" in translate.tr("Folder {name}", name="a, b")


@pytest.mark.parametrize(("code", "point"), [("de", ","), ("ja", "."), ("zh_hans", "."), ("", ".")])
def test_decimals_have_the_sign_of_the_language(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch, code: str, point: str
) -> None:
    from triverse_addon.ui.text import translate

    texts = importlib.import_module(f"triverse_addon.ui.translations.{code}").TEXTS if code else {}
    monkeypatch.setattr(translate, "_gettext", lambda text: texts.get(text, text))
    assert translate.megabytes(3_640_000) == f"3{point}6 MB"
    assert translate.megabytes(12_000_000) == f"12{point}0 MB"
    assert f"1{point}5" in translate.tr("Downloading, {done_mb} of {all_mb} MB", done_mb=1.5, all_mb=3.6)
    assert "2.5" in translate.tr("Folder {name}", name="v2.5"), "a name is no number"
