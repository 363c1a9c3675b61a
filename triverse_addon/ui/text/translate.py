# SPDX-License-Identifier: GPL-3.0-or-later
"""
Translation of sentences and texts into the language of Blender's interface.

Floor: third. Thread: main. Imports ``bpy``.
"""

import re
from typing import Any

import bpy

from ...api.sentence import AMOUNTS, Sentence, is_amount

#: A translation context of our own, and the labels of properties that are in it as well as in Blender's. Blender has
#: translations of them itself, which would come first: in German, "Merge Vertices" is cut in the panel, "Sound" is left
#: in English, and "Asset Library" is called otherwise than in sentences. "Show" is there for its entries.
OWN_CONTEXT = "Triverse"
OWN_LABELS = ("Asset Library", "Merge Vertices", "Show", "Sound")
#: What else is in it. To Blender, an order is a sequence, what is active a chosen item, tags are signs to hang up, a
#: project is a projection, and to add is to sum up.
OWN_TEXTS = (
    "Active",
    "Add",
    "All",
    "Batch",
    "Continue",
    "Failed",
    "Imported",
    "Order",
    "Project",
    "Prompt",
    "Put Away",
    "Ready",
    "Remove",
    "Search",
    "Tags",
    "Use",
)

_OWN = frozenset({*OWN_LABELS, *OWN_TEXTS})

#: Names of sentence arguments whose values are translated: labels of the add-on. All other values (file names, messages
#: of the service) are shown as they are.
_LABELS = ("field", "flow", "what")
#: An amount as a sentence of a lower floor has it, in English. ``re`` compiles it when it is first used: register()
#: imports this module.
_SEPARATED = r"\d{1,3}(,\d{3})+"


def translate(sentence: Sentence) -> str:
    """Return ``sentence`` translated into the language of Blender's interface, with its values filled in."""
    args = dict(sentence.args)
    for name, value in sentence.args.items():
        if name in _LABELS:
            args[name] = _gettext(str(value))
        elif isinstance(value, float):
            args[name] = decimal(value)
        elif is_amount(name, value) or (name in AMOUNTS and re.fullmatch(_SEPARATED, str(value))):
            args[name] = amount(value)
    return Sentence(sentence.template, args).translated(_gettext)


def amount(value: int | str) -> str:
    """
    Return a number with its thousands separated as in the language of Blender's interface.

    In German, "9,990 Credits" are a few less than ten.

    :param value: the number, or a text in which they are separated as in English.
    """
    separator = tr("1,000 triangles")[1]
    return (f"{value:,}" if isinstance(value, int) else value).replace(",", separator)


def decimal(value: float) -> str:
    """Return a number, as it was rounded, with the decimal sign of the language of Blender's interface."""
    return str(value).replace(".", "," if amount(1000)[1] == "." else ".")


def megabytes(size_bytes: int) -> str:
    """Return the size of a file with its unit, in the language of Blender's interface."""
    return f"{decimal(round(size_bytes / 1e6, 1))} MB"


def _gettext(text: str) -> str:
    """Return the translated text. What is in our own context is ours, whatever Blender says for it."""
    contexts: Any = bpy.app.translations.contexts
    return bpy.app.translations.pgettext_iface(text, OWN_CONTEXT if text in _OWN else contexts.default)


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
