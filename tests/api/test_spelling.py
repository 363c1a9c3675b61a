# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, and yes or no, as they are written. One: ``python scripts/test.py tests/api/test_spelling.py``."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triverse_addon.api.errors import InputError
from triverse_addon.api.flows import check
from triverse_addon.api.spelling import AmbiguousNumberError, decimal_mark_in, number, yes_or_no

pytestmark = pytest.mark.kind("spreadsheets")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("20000", 20000), ("+7", 7), ("-5", -5), ("−5", -5), (" 1.0 ", 1), ("20000,0", 20000), ("5.", 5)),
        *(("0.5", "0.5"), (".5", "0.5"), (",5", "0.5"), ("0,900", "0.9"), ("0.900", "0.9"), ("1500.000", 1500)),
        *(("1e3", 1000), ("1E+03", 1000), ("1,5E+06", 1_500_000), ("1.000e3", 1000), ("2E-1", "0.2")),
        *(("1,234.56", "1234.56"), ("1.234,56", "1234.56"), ("1.234.567", 1234567), ("1,234,567", 1234567)),
        *(("20 000", 20000), ("20\u00a0000", 20000), ("20\u202f000,5", "20000.5"), ("1\u2009500\u2009000", 1500000)),
        *(("20'000", 20000), ("20’000.5", "20000.5"), ("1,00,000", 100000), ("20_000", 20000), ("٢٠٬٠٠٠", 20000)),
        *(("２００００", 20000), ("０．９", "0.9"), ("١٫٥", "1.5"), ("'20000", 20000), ('"20000"', 20000)),
        *(("\u200e20000\u200f", 20000), ("\ufeff7", 7)),
    ],
)
def test_numbers(text: str, value: int | str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", ".", ",", "'", "many", "nan", "inf", "0x10", "1.5.2", "12,34,5", "1,1,1", "1 2", "10²", "½"),
        *("1,2345.6", "1.23,456.7", "20k", "1e", "1e9999", "9" * 100, "१..२", "1-2", "5%"),
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "large", "small"),
    [
        *(("20.000", "20000", "20"), ("20,000", "20000", "20"), ("1.500", "1500", "1.5"), ("1,250", "1250", "1.25")),
        *(("-2.125", "-2125", "-2.125"), ("２０，０００", "20000", "20")),
    ],
)
def test_what_can_be_two_numbers_is_said_with_both(text: str, large: str, small: str) -> None:
    with pytest.raises(AmbiguousNumberError, match=f"can mean {large} or {small}"):
        number(text)


def test_a_known_decimal_mark_tells_decimals_but_no_thousands() -> None:
    assert number("1,250", decimal_mark=",") == Decimal("1.25")
    assert number("1.250", decimal_mark=".") == Decimal("1.25")
    for text, mark in (("1.250", ","), ("1,250", ".")):
        with pytest.raises(AmbiguousNumberError):
            number(text, decimal_mark=mark)


@settings(deadline=None, derandomize=True)
@given(
    value=st.decimals(min_value=-(10**7), max_value=10**7, places=2),
    group=st.sampled_from(["", " ", "\u00a0", "\u202f", "'", "_"]),
    mark=st.sampled_from(".,"),
)
def test_whatever_is_written_is_read_back(value: Decimal, group: str, mark: str) -> None:
    text = f"{value:,.2f}".replace(",", group).replace(".", mark)
    assert number(text) == value


@settings(deadline=None, derandomize=True)
@given(value=st.integers(min_value=1000, max_value=10**9), mark=st.sampled_from(".,"))
def test_thousands_are_read_right_or_refused(value: int, mark: str) -> None:
    text = f"{value:,}".replace(",", mark)
    if value >= 1_000_000:
        assert number(text) == value
        return
    with pytest.raises(AmbiguousNumberError) as caught:
        number(text)
    assert caught.value.large == str(value)


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=80))
def test_no_text_is_too_strange(text: str) -> None:
    with contextlib.suppress(AmbiguousNumberError):
        assert isinstance(number(text), Decimal | None)
    assert yes_or_no(text) in (True, False, None)
    assert decimal_mark_in(text) in ("", ".", ",")


YES = """
true TRUE True yes Y on 1 1.0 1,0 ja JA WAHR wahr 是 真 はい VRAI oui VERDADERO ИСТИНА ☑ ✓ １ ＴＲＵＥ
"""
NO = """
false FALSE no N off 0 0.0 0,00 nein FALSCH 否 假 いいえ 偽 FAUX non FALSO ЛОЖЬ ☐ ✗ ０ ＦＡＬＳＥ
"""


@pytest.mark.parametrize("text", [*YES.split(), *NO.split()])
def test_yes_or_no(text: str) -> None:
    assert yes_or_no(f' "{text}"\u00a0') is (text in YES.split())


@pytest.mark.parametrize("text", ["", "perhaps", "2", "1.5", "1.000", "-1", "yesno", "10"])
def test_neither(text: str) -> None:
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        *(("polygon_limit", "20 000", 20000), ("polygon_limit", "2e4", 20000), ("polygon_limit", 20000.0, 20000)),
        *(("turbo", "ja", True), ("turbo", 1.0, True), ("turbo", 0, False), ("turbo", "いいえ", False)),
    ],
)
def test_fields_take_them_wherever_they_come_from(name: str, value: object, sent: object) -> None:
    assert check("text-to-model", {"prompt": "a chair", name: value})[name] == sent


@pytest.mark.parametrize("value", [10**400, 1e400, float("nan"), "1e999", "9" * 5000, True, [1]])
def test_a_number_beyond_all_bounds_is_one_sentence(value: object) -> None:
    with pytest.raises(InputError) as caught:
        check("text-to-model", {"prompt": "a chair", "polygon_limit": value})
    assert str(caught.value.sentence).startswith("Polygon Limit must be ")
