# SPDX-License-Identifier: GPL-3.0-or-later
"""
Registration of the add-on's translations with ``bpy.app.translations``.

Floor: third. Thread: main. Imports ``bpy``.

Each language is a module with two tables from English: ``OPERATORS`` for the names of operators (Blender's translation
context "Operator"), and ``TEXTS`` for everything else (context "*"). If Blender has its own translation of a text, it
shows that one, unless the text is among ``OWN_LABELS`` or ``OWN_TEXTS``. A language's module is imported when Blender's
interface is first set to that language.
"""

from types import ModuleType
from typing import Any

import bpy

from ..form import inputs
from ..form.properties import flow_tooltip
from ..text.translate import OWN_CONTEXT, OWN_LABELS, OWN_TEXTS

#: Blender's locale at the last call of follow(); None while the add-on is disabled.
_locale: str | None = None
_is_registered = False


def register() -> None:
    """Register the translation for the language of Blender's interface, if there is one."""
    follow()


def unregister() -> None:
    """Unregister the translation."""
    global _locale
    _locale = None
    _take_back()


def follow() -> bool:
    """Switch to the current language of Blender's interface; return whether it has changed since the last call."""
    global _locale, _is_registered
    locale = bpy.app.translations.locale
    if locale == _locale:
        return False
    _locale = locale
    _take_back()
    language = language_for(locale)
    if language is not None:
        bpy.app.translations.register(__name__, {locale: entries(language)})
        _is_registered = True
    return True


def _take_back() -> None:
    global _is_registered
    if _is_registered:
        bpy.app.translations.unregister(__name__)
        _is_registered = False


def language_for(locale: str) -> ModuleType | None:
    """Return the module for one of Blender's locales, or None if there is no translation."""
    if locale in ("zh_HANS", "zh_CN"):
        from . import zh_hans

        return zh_hans
    if locale.startswith("ja"):
        from . import ja

        return ja
    if locale.startswith("de"):
        from . import de

        return de
    return None


def entries(language: ModuleType) -> dict[tuple[str, str], str]:
    """Return the translations of ``language`` as ``bpy.app.translations.register`` takes them: by context and text."""
    texts: dict[str, str] = language.TEXTS
    operators: dict[str, str] = language.OPERATORS
    # Blender looks up whole tooltips, but the tooltips of experimental flows are composed of several texts.
    tooltips = {
        flow_tooltip(flow): flow_tooltip(flow, lambda text: texts[text]) for flow in inputs.PANEL_FLOWS.values()
    }
    contexts: Any = bpy.app.translations.contexts
    found = {(contexts.default, english): words for english, words in {**texts, **tooltips}.items()}
    found.update({(OWN_CONTEXT, english): texts[english] for english in (*OWN_LABELS, *OWN_TEXTS)})
    found.update({(contexts.operator_default, english): words for english, words in operators.items()})
    return found
