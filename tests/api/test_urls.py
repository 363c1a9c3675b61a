# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that are allowed, and texts without the key. Plain Python, no ``bpy``."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import keys, urls
from triverse_addon.api.errors import BadAnswerError, InputError, KeyMissingError

KEY = "tv-Zq8+/=secret"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (urls.DEFAULT_API_URL, urls.DEFAULT_API_URL),
        (" https://api.triverse.ai/api/v1/ ", urls.DEFAULT_API_URL),
        ("http://127.0.0.1:8123/api/v1", "http://127.0.0.1:8123/api/v1"),
        ("http://localhost/api", "http://localhost/api"),
        ("http://[::1]:80/api", "http://[::1]:80/api"),
    ],
)
def test_service_addresses_that_are_taken(url: str, kept: str) -> None:
    assert urls.check_base_url(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.triverse.ai",
        "http://api.triverse.ai/api/v1",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://2130706433/",
        "ftp://api.triverse.ai/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@api.triverse.ai/",
        "https://api.triverse.ai:port/",
        "https://api.triverse.ai/?a=b",
        "https://api.triverse.ai/#a",
        "https://api.triverse.ai/\r\nX: y",
        "https://[::1",
    ],
)
def test_service_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        urls.check_base_url(url)
    assert caught.value.field == "api_url"
    assert "secret" not in str(caught.value)


@given(st.text(max_size=80))
def test_no_text_breaks_the_checks(text: str) -> None:
    for check, error in ((urls.check_base_url, InputError), (urls.check_asset_url, BadAnswerError)):
        try:
            kept = check(text)
        except error:
            continue
        assert kept.startswith("https://") or urls.is_loopback(kept)


def test_what_is_on_this_machine() -> None:
    assert urls.is_loopback("http://127.1.2.3/")
    assert not urls.is_loopback("https://example.com/127.0.0.1")
    assert not urls.is_loopback("https://[::1")


def test_hosts_are_compared_with_their_ports() -> None:
    assert urls.same_host("https://a.b/x", "https://a.b:443/y")
    assert not urls.same_host("https://a.b/x", "https://a.b:444/x")
    assert not urls.same_host("https://a.b/x", "http://a.b/x")
    assert not urls.same_host("https://a.b/x", "https://c.a.b/x")


@pytest.mark.parametrize("text", ["0b3f-1", " 6fa459ea-ee8a-3ca4-894e-db77e160355e ", "a.b_c"])
def test_uuids_that_are_taken(text: str) -> None:
    assert urls.check_task_uuid(text) == text.strip()


@pytest.mark.parametrize("text", ["", "..", ".", "a/b", "a b", "a\nb", "ü", "x" * 129, "a?b"])
def test_uuids_that_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        urls.check_task_uuid(text)
    assert caught.value.field == "task_uuid"


def test_keys() -> None:
    assert keys.check_key(f" {KEY}\n") == KEY
    with pytest.raises(KeyMissingError):
        keys.check_key(" ")
    for odd in ("a b", "a\nb", "schlüssel"):
        with pytest.raises(InputError) as caught:
            keys.check_key(odd)
        assert odd not in str(caught.value)


def test_the_address_of_the_websocket() -> None:
    url = urls.websocket_url("https://api.triverse.ai/api/v1", KEY, since_s=1_700_000_000.25)
    parts = urlsplit(url)
    assert (parts.scheme, parts.path) == ("wss", "/api/v1/tasks/watch/all")
    assert parse_qs(parts.query) == {"token": [KEY], "since": ["2023-11-14T22:13:20.250Z"]}
    assert urls.websocket_url("http://localhost:1/api", "k", task_uuid="a-b") == (
        "ws://localhost:1/api/tasks/watch/a-b?token=k"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {KEY}",
        f"authorization: bearer   {KEY}",
        f"wss://a/tasks/watch/all?token={quote(KEY, safe='')}&since=x",
        f"api_key={KEY}",
        f"it was {KEY}!",
        f"/x?y={quote(KEY)}",
    ],
)
def test_no_form_of_the_key_survives(text: str) -> None:
    shown = keys.redact(text, KEY)
    assert KEY not in shown
    assert quote(KEY, safe="") not in shown
    assert quote(KEY) not in shown
    assert "since=x" in shown or "since" not in text


def test_what_only_looks_like_a_key_goes_too() -> None:
    assert "abc123" not in keys.redact("wss://h/?token=abc123 and Bearer abc123")
    assert keys.redact("nothing to hide") == "nothing to hide"


def test_texts_from_outside_are_one_short_line() -> None:
    assert urls.clean("a\x00b\x1b[31m\r\n  c\u202e\u200b") == "ab[31m c"
    assert urls.clean("x" * 1000) == "x" * 499 + "…"


@given(st.text(), st.integers(1, 50))
def test_clean_texts_have_no_control_characters_and_keep_to_their_length(text: str, limit: int) -> None:
    words = urls.clean(text, limit)
    assert len(words) <= limit
    assert words.isprintable()
