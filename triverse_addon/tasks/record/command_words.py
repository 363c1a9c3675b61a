# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel's words for commands and reports: where there are no buttons, what to type instead.

Floor: first. Thread: any. No ``bpy``.

Sentences of the lower floors say which button of the panel helps, since most of them are shown there.
"""

from ...api.sentence import Sentence

#: What a template says for the panel, and for commands. The first that fits is replaced; "{again}" stands for pressing
#: Retry.
_WORDS = (
    (
        "Press Find My Tasks to see it, or choose Use These Inputs Again to order another one.",
        "Look for it on the website of Triverse: the command track saves its model, given its UUID.",
    ),
    ("Press Retry to look again, or choose Use These Inputs Again to order it once more.", "{Again} to look again."),
    ("Undo, then press Retry.", "{Again}."),
    ("Press Retry", "{Again}"),
    ("press Retry", "{again}"),
    ("press Find My Tasks", "press Find My Tasks in the panel"),
    ("Find My Tasks brings it back", "Find My Tasks in the panel brings it back"),
    ("Press Import to bring", "Press Import in the panel to bring"),
    ("report it with Copy Report in the preferences", "report it with what the command report prints"),
)
#: Likewise, and wherever they are. Without Blender there are no preferences.
_SETTINGS = (
    ("Choose another download folder in the preferences", "Choose another folder with --data or in the preferences"),
    (
        "If it does not help to start Blender again, choose another folder in the preferences",
        "Choose another folder with --data or in the preferences",
    ),
    (
        "Check the permissions of the folder and of what is in it",
        "Check the permissions of the folder and of what is in it, or choose another folder with --data",
    ),
    ("Choose a folder of your own", "Choose a folder of your own with --data"),
    ("choose another folder in the preferences", "choose another one with --data or in the preferences"),
    ("of this machine: the preferences move it", "of this machine: --data names it, or the preferences move it"),
    ("Check it in the preferences", "Check it in TRIVERSE_API_KEY or in the preferences"),
    ("the service address in the preferences", "the service address in TRIVERSE_API_URL or in the preferences"),
)


def in_command_words(sentence: Sentence, again: str) -> Sentence:
    """
    Return a sentence as commands and reports say it.

    :param again: what stands for pressing Retry, as the middle of a sentence.
    """
    template = sentence.template
    for panels, commands in _WORDS:
        if panels in template:
            commands = commands.replace("{Again}", again[:1].upper() + again[1:]).replace("{again}", again)
            template = template.replace(panels, commands)
            break
    for panels, commands in _SETTINGS:
        template = template.replace(panels, commands)
    return sentence if template == sentence.template else Sentence(template, sentence.args)


def text_for_rows(sentence: Sentence) -> str:
    """Return a sentence as the ledger and the report of a batch keep it, for its panel as well as its command."""
    return str(in_command_words(sentence, "try the failed rows again"))
