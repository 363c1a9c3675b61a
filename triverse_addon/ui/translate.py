# SPDX-License-Identifier: GPL-3.0-or-later
"""
From a sentence of the lower floors to words in the user's language.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy

from ..api.sentence import Sentence

#: Values of sentences that are labels of ours, and so have translations of their own. All others (file names, the
#: service's own words) are shown as they are.
_LABELS = ("field", "flow", "what")


def say(sentence: Sentence) -> str:
    """Return ``sentence`` in the language of Blender's interface."""
    translate = bpy.app.translations.pgettext_iface
    labels = {name: translate(str(sentence.args[name])) for name in _LABELS if name in sentence.args}
    return Sentence(sentence.template, {**sentence.args, **labels}).in_words(translate)


def on_button(text: str) -> str:
    """Return the text of a button, or the name of an operator, in the language of Blender's interface."""
    translations = bpy.app.translations
    return translations.pgettext_iface(text, translations.contexts.operator_default)


def words(template: str, /, **args: str | int | float) -> str:
    """Return a literal template of this floor in the language of Blender's interface, its values filled in."""
    return say(Sentence(template, args))
