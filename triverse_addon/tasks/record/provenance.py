# SPDX-License-Identifier: GPL-3.0-or-later
"""
Name, tags and custom properties of an imported model, derived from its task.

Floor: first. Thread: any. No ``bpy``. The names of the properties are a stable interface for scripts and users.
"""

from collections.abc import Mapping
from pathlib import Path

from ...api.calendar import utc
from ...api.display_text import is_word_part, plain_name
from ...api.fields import prompt_of
from .record import TaskRecord

#: Data-block names in Blender have at most 63 bytes, including a suffix such as ".001" for duplicates.
_MAX_NAME_BYTES = 58

_FILLER_WORDS = (
    "about above after also among around been behind below beside between does down each from have having here inside "
    "into just kind like made make more most much near onto other outside over please some such than that their them "
    "then there these they thing things this those through under upon very what when where which while with within "
    "without your "
    "aber alle auch dann dass dein denn dessen dies diese dieser durch eine einem einen einer eines etwas gegen haben "
    "hinter ihre ihrem ihren ihrer kein keine mehr mein neben nicht noch oder ohne schon sehr sein seine sich sind "
    "über unter viel weil wenn wird zwischen"
)
#: Words of prompts with more than three letters, in English and German, by which nobody looks for a model.
_FILLERS = frozenset(_FILLER_WORDS.split())


def short_name(text: str, max_bytes: int = _MAX_NAME_BYTES) -> str:
    """
    Return ``text`` in one line, cut at a word so that its UTF-8 fits into a data-block name.

    :param max_bytes: the most bytes of UTF-8 that it may have.
    """
    # A file name may contain bytes that are no UTF-8, which neither the store nor a data-block name accepts.
    data = plain_name(text.encode(errors="replace").decode()).encode()
    line = data.decode()
    if len(data) <= max_bytes:
        return line
    cut = data[:max_bytes].decode(errors="ignore")
    head, _, _ = cut.rpartition(" ")
    return head or cut


def numbered_name(text: str, number: int) -> str:
    """Return :func:`short_name` of ``text`` with a number at its end, which is not cut."""
    ending = f" {number}"
    return short_name(text, _MAX_NAME_BYTES - len(ending)) + ending


def name_for(params: Mapping[str, object], sources: Mapping[str, str], flow: str) -> str:
    """Return a name for a task: the beginning of its prompt, else the file name of its image, else its flow."""
    if prompt := prompt_of(params):
        return short_name(prompt)
    for source in sources.values():
        if stem := Path(source.replace("\\", "/")).stem:
            return short_name(stem)
    return flow


def collection_name(record: TaskRecord) -> str:
    """Return the name of the collection that the model is imported into."""
    return short_name(record.name) or record.flow or "Triverse"


def properties(record: TaskRecord) -> Mapping[str, str | int | float]:
    """Return the collection's custom properties."""
    found: dict[str, str | int | float] = {
        "triverse_task_uuid": record.task_uuid or "",
        "triverse_flow": record.flow,
        "triverse_prompt": prompt_of(record.params),
        "triverse_created_at": utc(record.created_at_s).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if record.cost_credits is not None:
        found["triverse_cost_credits"] = record.cost_credits
    return found


def tags(record: TaskRecord) -> tuple[str, ...]:
    """Return the asset tags: the flow and the longer words of the prompt, without those that say nothing."""
    prompt = prompt_of(record.params).lower()
    words = ("".join(c for c in word if is_word_part(c) or c == "-") for word in prompt.split())
    longer = [word[:60] for word in words if len(word) > 3 and word not in _FILLERS]
    return tuple(dict.fromkeys(["Triverse", record.flow, *longer[:10]]))
