# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts in a layout: wrapped without loss, broken where the script allows it, names cut before what follows them."""

from __future__ import annotations

from types import ModuleType

import pytest

SENTENCES = (
    "Triverse takes too long to answer. Try again later.",
    "因内容规则，Triverse 拒绝了此请求。请更改提示词或图片，然后按“重试”（或“取消”）。",
    "プロンプトは3文字以上で入力してください。「再試行」を押すと、もう一度試します。",
    "/a/path/without/any/space/in/it/that/is/longer/than/a/line",
)
SIZE = 11.0


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("width_px", [60, 97, 150, 400])
def test_wrapped_lines_fit_and_lose_nothing(ui: ModuleType, text: str, width_px: int) -> None:
    from triverse_addon.ui.text.layout_text import text_width_px, wrapped

    lines = wrapped(text, width_px, SIZE)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width_px(line, SIZE) <= width_px for line in lines)


def test_buttons_stand_beside_each_other_only_where_each_has_room(ui: ModuleType) -> None:
    from triverse_addon.ui.text.layout_text import font_px, side_by_side, text_width_px

    class Layout:
        def row(self, *, align: bool) -> str:
            return "row"

        def column(self, *, align: bool) -> str:
            return "column"

    long = "コンタクトシート"
    needed_px = text_width_px(long, font_px()) + 28
    for texts in ([long], [long, "レポート"], ["Report", long, "Library"]):
        assert side_by_side(Layout(), texts, needed_px * len(texts) + 1) == "row"  # type: ignore[arg-type]
        assert side_by_side(Layout(), texts, needed_px * len(texts) - 1) == "column"  # type: ignore[arg-type]


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("width_px", [60, 97, 150, 400, 4000])
def test_the_beginning_of_a_text_fits_and_says_that_there_is_more(ui: ModuleType, text: str, width_px: int) -> None:
    from triverse_addon.ui.text.layout_text import beginning, font_px, text_width_px

    shown = beginning(text, width_px)
    assert text_width_px(shown, font_px()) <= width_px
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]) and len(shown) > 3)
    assert (shown == text) == (text_width_px(text, font_px()) <= width_px)


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("width_px", [97, 110, 123, 150, 171])
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(
    ui: ModuleType, text: str, width_px: int
) -> None:
    from triverse_addon.ui.text.layout_text import wrapped

    lines = wrapped(text, width_px, SIZE)
    assert not any(line[:1] in tuple("，。、」”）") for line in lines if line)
    assert not any(line[-1:] in tuple("「“（") for line in lines if line)


def test_of_a_long_name_no_more_is_shown_than_fits(ui: ModuleType) -> None:
    from triverse_addon.ui.text.layout_text import font_px, text_width_px, with_name

    def template(name: str) -> str:
        return f"{name} · 20,000 triangles"

    whole = template("A green vase with a golden pattern")
    full_px = text_width_px(whole, font_px())
    assert with_name(template, "A green vase with a golden pattern", full_px) == whole
    cut = with_name(template, "A green vase with a golden pattern", full_px * 0.7)
    assert cut.startswith("A green")
    assert cut.endswith("… · 20,000 triangles")
    assert text_width_px(cut, font_px()) <= full_px * 0.7
    assert with_name(template, "Vase", 10.0) == template("Vase"), "there is nothing left to cut"
