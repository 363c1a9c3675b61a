# SPDX-License-Identifier: GPL-3.0-or-later
"""
The add-on in the language of Blender's interface, through ``bpy.app.translations``.

Floor: third. Thread: main. Imports ``bpy``.

Each language is a module with two tables, from English: ``OPERATORS`` for the names of operators, wherever Blender
shows them (its context "Operator"), and ``TEXTS`` for everything else (its context "*"). Where Blender has a
translation of its own for a text, that is the one it shows. A language is imported when Blender first speaks it.
"""

from types import ModuleType

import bpy

from .. import settings
from ..form import inputs
from ..properties import flow_tooltip

#: What Blender's language was when it was last looked at; None while the add-on is off.
_locale: str | None = None
_is_registered = False


def register() -> None:
    """Bring the language of Blender's interface, if it is one of ours."""
    follow()


def unregister() -> None:
    """Take it back."""
    global _locale
    _locale = None
    _take_back()


def follow() -> bool:
    """Change to the language that Blender has now; returns whether it was another before."""
    global _locale, _is_registered
    locale = bpy.app.translations.locale
    if locale == _locale:
        return False
    _locale = locale
    _take_back()
    language = language_for(locale)
    if language is not None:
        bpy.app.translations.register(settings.ADDON, {locale: entries(language)})
        _is_registered = True
    return True


def _take_back() -> None:
    global _is_registered
    if _is_registered:
        bpy.app.translations.unregister(settings.ADDON)
        _is_registered = False


def language_for(locale: str) -> ModuleType | None:
    """Return the module for one of Blender's locales, None for those that are left in English."""
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
    """Return the tables of ``language`` as Blender takes them: by context and English."""
    texts: dict[str, str] = language.TEXTS
    operators: dict[str, str] = language.OPERATORS
    # Blender looks up a tooltip as a whole, and those of some flows are put together.
    tooltips = {
        flow_tooltip(flow): flow_tooltip(flow, lambda text: texts[text]) for flow in inputs.PANEL_FLOWS.values()
    }
    contexts = bpy.app.translations.contexts
    found = {(contexts.default, english): words for english, words in {**texts, **tooltips}.items()}
    found.update({(contexts.operator_default, english): words for english, words in operators.items()})
    return found
