# SPDX-License-Identifier: GPL-3.0-or-later
"""
Translation of sentences and texts into the language of Blender's interface.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import Any

import bpy

from ...api.sentence import Sentence

#: A translation context of our own, and the labels that are in it as well as in Blender's. Blender has translations of
#: them itself, which would come first: in German, the first is cut in the panel, and the second is left in English.
OWN_CONTEXT = "Triverse"
OWN_LABELS = ("Merge Vertices", "Sound")

#: Names of sentence arguments whose values are translated: labels of the add-on. All other values (file names, messages
#: of the service) are shown as they are.
_LABELS = ("field", "flow", "what")
#: Names of sentence arguments that are amounts: thousands are separated. A number that names something, such as a line
#: of a file, is no amount.
_AMOUNTS = ("balance", "cost", "count", "credits", "done", "frozen", "limit", "missing", "spent", "total")


def translate(sentence: Sentence) -> str:
    """Return ``sentence`` translated into the language of Blender's interface, with its values filled in."""
    gettext = bpy.app.translations.pgettext_iface
    args = dict(sentence.args)
    for name, value in sentence.args.items():
        if name in _LABELS:
            args[name] = gettext(str(value))
        elif name in _AMOUNTS and isinstance(value, int):
            args[name] = f"{value:,}"
    return Sentence(sentence.template, args).translated(gettext)


def tr_button(text: str) -> str:
    """Return the translated text of a button or name of an operator (Blender's translation context "Operator")."""
    contexts: Any = bpy.app.translations.contexts
    return bpy.app.translations.pgettext_iface(text, contexts.operator_default)


def tr(template: str, /, **args: str | int | float) -> str:
    """
    Return a template translated into the language of Blender's interface, with its values filled in.

    :param template: a string literal with ``{name}`` placeholders, so that ``scripts/_dev/visible_text.py`` finds it.
    :param args: the values of the placeholders.
    """
    return translate(Sentence(template, args))
