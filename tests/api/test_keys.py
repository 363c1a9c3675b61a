# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as they are pasted, as they turn up in texts, and where they may go. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from triverse_addon.api import keys, urls
from triverse_addon.api.display_text import INVISIBLE, without_invisible
from triverse_addon.api.errors import BadAnswerError, InputError, KeyElsewhereError, KeyMissingError, TriverseError
from triverse_addon.api.responses import read_answer
from triverse_addon.api.safe_json import parse_json

KEY = "tv-Zq8+/=secret~x%41&<b>"
OTHER = "https://service.example"
SEEN = "\u200b\u2060\ufeff\u00ad\u202e\u200d\ufe0f\u2028\x00"

#: What headers can carry, less what people put around keys.
KEYS = st.text(string.ascii_letters + string.digits + "._~+/%&!*$^|()@-", min_size=8, max_size=80)

PASTED: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "spaces and a line end": lambda key: f"  {key} \r\n",
    "double quotes": lambda key: f'"{key}"',
    "single quotes": lambda key: f"'{key}'",
    "a word processor's quotes": lambda key: f"“{key}”",
    "German quotes": lambda key: f"„{key}“",
    "backticks": lambda key: f"`{key}`",
    "quotes in quotes": lambda key: f"\"'{key}'\"",
    "a line of JSON": lambda key: f'"TRIVERSE_API_KEY": "{key}",',
    "Bearer": lambda key: f"Bearer {key}",
    "bearer, small": lambda key: f"bearer  {key}",
    "a header": lambda key: f"Authorization: Bearer {key}",
    "a header in quotes": lambda key: f'"Authorization: Bearer {key}"',
    "a variable": lambda key: f"TRIVERSE_API_KEY={key}",
    "export": lambda key: f'export TRIVERSE_API_KEY="{key}";',
    "set": lambda key: f"set TRIVERSE_API_KEY={key}",
    "setx": lambda key: f'setx TRIVERSE_API_KEY "{key}"',
    "PowerShell": lambda key: f'$env:TRIVERSE_API_KEY = "{key}"',
    "another name": lambda key: f"api_key: {key}",
    "twice": lambda key: f"{key} {key}",
    "twice, in lines": lambda key: f"{key}\n{key}\n",
    "twice with Bearer": lambda key: f"Bearer {key} Bearer {key}",
    "a byte order mark": lambda key: f"\ufeff{key}",
    "zero widths": lambda key: "\u200b".join(key),
    "a soft hyphen": lambda key: f"{key[:4]}\u00ad{key[4:]}",
    "directions": lambda key: f"\u202a{key}\u202c",
    "a no-break space": lambda key: f"\u00a0{key}\u00a0",
}


@pytest.mark.kind("networks")
@pytest.mark.parametrize("how", PASTED)
def test_what_is_pasted_along_with_a_key_is_left_out(how: str) -> None:
    assert keys.check_key(PASTED[how](KEY)) == KEY


@pytest.mark.kind("networks")
@given(KEYS, st.sampled_from(sorted(PASTED)))
def test_every_key_comes_out_of_every_paste(key: str, how: str) -> None:
    assume(_is_no_label(key))
    assert keys.clean_key(PASTED[how](key)) == key


def _is_no_label(key: str) -> bool:
    """Leave out what a random text may be by chance: a word of the wrapping, or the same half twice."""
    half = key[: len(key) // 2]
    return half * 2 != key and "***" not in key and key.lower() not in ("triverse_api_key", "authorization")


@pytest.mark.kind("networks")
def test_a_key_pasted_twice_without_a_space() -> None:
    assert keys.check_key(KEY + KEY) == KEY
    assert keys.check_key("abab") == "abab"  # too short to tell
    assert keys.check_key("a" * 32) == "a" * 32  # one letter says nothing


@pytest.mark.kind("networks")
@pytest.mark.parametrize("key", ["my-token=", "xyz.bearer", "a:b:c", "key=value-pairs", "eyJh.eyJz.SflK_w=="])
def test_a_key_that_looks_like_its_wrapping_stays(key: str) -> None:
    assert keys.check_key(key) == key


@pytest.mark.kind("networks")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$TRIVERSE_API_KEY", "the name of a variable"),
        ("${TRIVERSE_API_KEY}", "the name of a variable"),
        ("%TRIVERSE_API_KEY%", "the name of a variable"),
        ("TRIVERSE_API_KEY", "the name of a variable"),
        ("https://api.triverse.ai/keys", "a web address"),
        ("tv-****abcd", "Only a part"),
        ("tv-••••abcd", "Only a part"),
        ("tv-…abcd", "Only a part"),
        ("tv-...abcd", "Only a part"),
        ("one two", "characters that no key has"),
        ("schlüssel", "characters that no key has"),
    ],
)
def test_what_is_no_key_is_named(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        keys.check_key(text)
    assert caught.value.field == "api_key"
    assert words in str(caught.value)
    assert text not in str(caught.value)


@pytest.mark.kind("networks")
@pytest.mark.parametrize(
    "text", ["", "  ", '""', "Bearer ", "TRIVERSE_API_KEY=", "\u200b\ufeff", "export TRIVERSE_API_KEY=''"]
)
def test_a_wrapping_without_a_key_is_none(text: str) -> None:
    with pytest.raises(KeyMissingError):
        keys.check_key(text)


@given(st.text(max_size=80))
def test_no_paste_breaks_the_check(text: str) -> None:
    try:
        key = keys.check_key(text)
    except TriverseError:
        return
    assert key.isascii()
    assert key.isprintable()
    assert keys.check_key(key) in (key, key[: len(key) // 2])


# -----------------------------------------------------------------------------
# In texts

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "percent": lambda key: quote(key, safe=""),
    "percent, in small letters": lambda key: "".join(f"%{octet:02x}" for octet in key.encode()),
    "percent, slashes kept": lambda key: quote(key),
    "percent, every character": lambda key: "".join(f"%{octet:02X}" for octet in key.encode()),
    "percent, twice": lambda key: quote(quote(key, safe=""), safe=""),
    "a query": lambda key: urlencode({"x": key}),
    "JSON": lambda key: json.dumps(key),
    "JSON, slashes escaped": lambda key: json.dumps(key).replace("/", "\\/"),
    "JSON in JSON": lambda key: json.dumps(json.dumps({"said": key}).replace("/", "\\/")),
    "JSON in JSON, every character": lambda key: "".join(f"\\\\u{ord(character):04X}" for character in key),
    "JSON, every character": lambda key: "".join(f"\\u{ord(character):04x}" for character in key),
    "HTML": lambda key: key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "HTML, by numbers": lambda key: "".join(f"&#{ord(character)};" for character in key),
    "zero widths": lambda key: "\u200b".join(key),
    "a soft hyphen": lambda key: f"{key[:5]}\u00ad{key[5:]}",
    "broken over lines": lambda key: f"{key[:5]}\r\n    {key[5:]}",
    "percent with zero widths": lambda key: "\u200d".join(quote(character, safe="") for character in key),
    "as the address of the WebSocket": lambda key: urls.websocket_url("https://a.example/api", key, since_s=1.0),
}


def leaves(text: str, key: str) -> bool:
    """Tell whether a text still holds much of the key for somebody who undoes what can be undone."""
    return key[2:-2] in without_invisible(text).replace("\\/", "/")


@pytest.mark.kind("key-forms")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", ["{}", "It was {}!", "x={}&since=1", "“{}”"])
def test_the_key_is_taken_out_in_every_form(form: str, text: str) -> None:
    shown = keys.redact(text.format(FORMS[form](KEY)), KEY)
    assert not leaves(shown, KEY)
    assert FORMS[form](KEY) not in shown
    assert keys.HIDDEN in shown


@pytest.mark.kind("key-forms")
@given(KEYS, st.sampled_from(sorted(FORMS)), st.text(max_size=20), st.text(max_size=20))
def test_no_key_survives_in_any_form(key: str, form: str, before: str, after: str) -> None:
    shown = keys.redact(f"{before}{FORMS[form](key)}{after}", key)
    assert FORMS[form](key) not in shown


@pytest.mark.kind("key-forms")
@given(KEYS, st.sampled_from(SEEN), st.integers(1, 7))
def test_invisible_characters_hide_nothing(key: str, invisible: str, place: int) -> None:
    shown = keys.redact(f"the key {key[:place]}{invisible}{key[place:]} was refused", key)
    assert shown.startswith("the key ")
    assert shown.endswith(" was refused")
    # Only there: a short end of a key may be a letter of the sentence.
    assert key[place:] not in shown.removeprefix("the key ").removesuffix(" was refused")


@pytest.mark.kind("key-forms")
@pytest.mark.parametrize("form", ["plain", "percent", "zero widths", "percent, twice", "HTML"])
def test_what_the_service_says_is_rid_of_the_key(form: str) -> None:
    said = FORMS[form](KEY)
    value = parse_json(json.dumps({"input": {"prompt": f"a {said} b", said: [said]}}), key=KEY)
    assert value == {"input": {"prompt": "a … b", "…": ["…"]}}
    with pytest.raises(TriverseError) as caught:
        read_answer(400, {}, json.dumps({"code": 1004, "message": f"bad {said}"}).encode(), key=KEY)
    assert "bad …" in str(caught.value)


def test_what_is_not_the_key_stays() -> None:
    assert keys.redact("tv-Zq8 and %2B%2F", KEY) == "tv-Zq8 and %2B%2F"
    assert keys.redact("anything", "") == "anything"


def test_every_default_ignorable_character_is_invisible() -> None:
    for code in (
        0x00AD,
        0x034F,
        0x061C,
        0x115F,
        0x17B4,
        0x180E,
        0x200B,
        0x202E,
        0x2066,
        0x3164,
        0xFE0F,
        0xFEFF,
        0xFFA0,
    ):
        assert without_invisible(f"a{chr(code)}b") == "ab"
    assert without_invisible("a b\nc\u00a0d") == "a b\nc\u00a0d"
    assert INVISIBLE.isascii()


# -----------------------------------------------------------------------------
# For which service it is


@pytest.mark.kind("key-forms")
@pytest.mark.parametrize(
    "service", [f"{OTHER}:444/api", "https://service.example.evil.example/api", "https://other.example"]
)
def test_a_key_stays_with_the_service_it_was_entered_for(service: str) -> None:
    keys.check_key_is_for(f"{OTHER}/api/v1", OTHER)
    keys.check_key_is_for(f"{OTHER}:443/another/path", OTHER)
    with pytest.raises(KeyElsewhereError) as caught:
        keys.check_key_is_for(service, OTHER)
    assert OTHER in str(caught.value)
    assert urls.origin_of(service) in str(caught.value)


@pytest.mark.kind("key-forms")
def test_where_it_need_not_be_asked() -> None:
    keys.check_key_is_for("http://127.0.0.1:8/api", OTHER)  # this machine
    keys.check_key_is_for(f"{OTHER}/api", "")
    for unusable in ("nonsense", "http://other.example/api", "https://[", ""):
        keys.check_key_is_for(unusable, OTHER)
    with pytest.raises(KeyElsewhereError):
        keys.check_key_is_for(urls.DEFAULT_API_URL, "http://127.0.0.1:8")  # and from it to another one


@given(st.text(max_size=60))
def test_no_text_breaks_the_origin(text: str) -> None:
    origin = urls.origin_of(text)
    assert origin == "" or urls.same_host(origin, text.strip())
    with pytest.raises((InputError, BadAnswerError)):
        urls.check_asset_url("\x00" + text)
