# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and projects as users type them. One: ``python scripts/test.py tests/tasks/record/test_labels.py``."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from triverse_addon.api.display_text import plain_name
from triverse_addon.tasks.record import labels

TAGS = st.lists(st.text(max_size=60), max_size=40)


def test_tags_are_typed_with_commas_of_any_language() -> None:
    assert labels.split_tags(" chair,  for the\tclient ;#Stone、木，chair, ,CHAIR") == (
        "chair",
        "for the client",
        "Stone",
        "木",
    )
    assert labels.split_tags(" , ;, #, \x1b#, ##wood") == ("wood",)


@example(["\x1b#"])
@example(["##wood"])
@given(TAGS)
def test_what_is_stored_is_plain_and_stays(tags: list[str]) -> None:
    clean = labels.clean_tags(tags)
    assert labels.clean_tags(clean) == clean, "a second time changes nothing"
    assert labels.split_tags(", ".join(clean)) == tuple(dict.fromkeys(labels.split_tags(", ".join(clean))))
    assert len(clean) <= labels.MOST_TAGS
    assert len({tag.casefold() for tag in clean}) == len(clean)
    for tag in clean:
        assert tag
        assert tag == plain_name(tag)
        tag.encode()


@given(TAGS, TAGS)
def test_adding_and_removing(tags: list[str], more: list[str]) -> None:
    before = labels.clean_tags(tags)[:5]
    others = labels.clean_tags(more)[:5]
    after = labels.with_tags(before, others)
    assert after[: len(before)] == before
    assert {tag.casefold() for tag in after} == {tag.casefold() for tag in before + others}
    assert not {tag.casefold() for tag in labels.without_tags(after, others)} & {tag.casefold() for tag in others}


def test_the_title_of_a_file() -> None:
    assert labels.file_title("/jobs/My Castle.v2.blend") == "My Castle.v2"
    assert labels.file_title("C:\\work\\Castle.blend") == "Castle"
    assert labels.file_title("") == ""
