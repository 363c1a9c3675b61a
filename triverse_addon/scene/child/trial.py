# SPDX-License-Identifier: GPL-3.0-or-later
"""
Test in a child Blender what writing an asset library needs: start, import, export, render and save.

Floor: second. Thread: any that may wait. No ``bpy``.
"""

import dataclasses
from collections.abc import Callable, Sequence

from ...api.sentence import Sentence
from ...batch.library.asset_writer import BLENDER, PICTURES
from ...tasks.converter import ChildNotStartedError, ConvertError
from ..worker.job_format import TrialInput, TrialOutput
from .messages import machine_sentence
from .process import ChildEndedError, ChildMessages

#: Time limit of the whole test, which takes 5 s on two busy cores (measured). The first start of Blender, before its
#: files are in the disk cache, takes longer.
TIMEOUT_S = 180.0


def _sentence_for(kind: str, detail: str = "") -> Sentence:
    if kind in ("numpy", "importer"):
        return machine_sentence(kind)
    if kind == "memory":
        return Sentence.of("There is too little memory for a second Blender. Close other programs.")
    if kind == "disk":
        return Sentence.of("A second Blender cannot write its files: {reason}. Make room.", reason=detail)
    return Sentence.of("A second Blender cannot read a model here. It says: {detail}.", detail=detail.rstrip("."))


def _cannot_export(kind: str, detail: str) -> Sentence:
    if not detail:
        return Sentence.of("This Blender cannot export {format}. Leave it out of export.", format=kind.upper())
    return Sentence.of(
        "This Blender cannot export {format}. It says: {detail}. Leave it out of export.",
        format=kind.upper(),
        detail=detail.rstrip("."),
    )


_NO_PICTURES = Sentence.of("This Blender cannot draw. Models without a picture of the service get none.")

#: Error messages for :data:`TIMEOUT_S` and for what a child may end with.
MESSAGES = ChildMessages(
    too_slow=Sentence.of("A second Blender did not get ready within {minutes} minutes. Nothing was sent."),
    killed=Sentence.of("The system ended the second Blender, most likely because memory ran out. Nothing was sent."),
    crashed=Sentence.of("A second Blender crashed when it was tried ({signal}). Nothing was sent; {log} says more."),
    ended=Sentence.of("A second Blender cannot be used here (exit code {code}). Nothing was sent; {log} says more."),
    stopped=Sentence.of("The batch is ending."),
    refused=_sentence_for,
)


def try_out(run: Callable[[TrialInput], TrialOutput], exports: Sequence[str], *, may_draw: bool) -> dict[str, Sentence]:
    """
    Return what this Blender cannot do, and why, see :meth:`batch.library.asset_writer.AssetWriter.try_out`.

    :param run: function that has a child do the test, and starts another one if the last has ended.
    :param exports: formats to test, keys of ``batch.rows.post_options.EXPORTS``.
    :param may_draw: also render, which takes longer than all the rest.
    :return: messages by key: ``BLENDER`` if no model can be written at all, ``PICTURES`` if nothing can be rendered, or
        a format that cannot be exported.
    :raises NoChildError: no child Blender can be started on this machine.
    :raises ConvertStopped: the test was cancelled.
    """
    given = TrialInput(tuple(exports), may_draw)
    try:
        try:
            result = run(given)
        except ChildEndedError:
            # The renderer may have crashed. A library can be written without it, so test the rest.
            result = run(TrialInput(given.exports, may_draw=False))
            result = dataclasses.replace(result, can_draw=False)
    except (ConvertError, ChildNotStartedError) as error:
        return {BLENDER: error.sentence}
    found = {name: _cannot_export(name, detail) for name, detail in result.lacking.items()}
    return found if result.can_draw or not may_draw else found | {PICTURES: _NO_PICTURES}
