# SPDX-License-Identifier: GPL-3.0-or-later
"""A key as it is typed, and for which service: preferences, panel, environment and command. Needs ``bpy``."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.conftest import ADDON
from tests.blender.drawing import make_panel, poll_message
from tests.blender.recorder import Recorder
from tests.blender.test_ui_panel import Stand
from tests.service.server import StandIn
from triverse_addon.api.errors import InputError, KeyElsewhereError

KEY = "tv-0123456789abcdef"
OTHER = "https://service.example"
Tick = Callable[..., Any]


def preferences() -> Any:
    return bpy.context.preferences.addons[ADDON].preferences


def drawn_preferences() -> Recorder:
    layout = Recorder()
    context = SimpleNamespace(region=SimpleNamespace(width=900), preferences=bpy.context.preferences)
    type(preferences()).draw(Stand(preferences(), layout), context)
    return layout


@pytest.fixture
def nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were to be made; none is."""
    called: list[Any] = []

    def call(*given: Any, **_named: Any) -> Any:
        called.append(given)
        raise OSError("refused by the test")

    monkeypatch.setattr(socket, "create_connection", call)
    monkeypatch.setattr(socket, "getaddrinfo", call)
    return called


@pytest.mark.kind("key-forms")
def test_a_key_typed_for_one_service_waits_for_a_word_before_it_goes_to_another(
    ui: ModuleType, tick_until: Tick, nobody_is_called: list[Any]
) -> None:
    from triverse_addon.ui.state import runtime

    preferences().api_key = KEY
    assert bpy.ops.triverse.generate.poll()
    preferences().api_url = f"{OTHER}/api/v1"
    says = f"was entered for https://api.triverse.ai, so it is not sent to {OTHER}."
    assert says in poll_message(bpy.ops.triverse.generate)
    assert says in poll_message(bpy.ops.triverse.find_tasks)
    for drawn in (make_panel(), drawn_preferences()):
        assert says in drawn.prose()
        assert "triverse.allow_key" in drawn.operators()
    bpy.ops.triverse.test_key()
    tick_until(lambda: runtime.key_answer()[0] is not None)
    ok, sentence = runtime.key_answer()
    assert ok is False
    assert says in str(sentence)
    here = runtime.get_or_start()
    for _ in range(20):
        here.tick(0.01)
    assert not here.may_ask
    assert nobody_is_called == []

    assert bpy.ops.triverse.allow_key() == {"FINISHED"}
    assert bpy.ops.triverse.generate.poll()
    assert "triverse.allow_key" not in [*make_panel().operators(), *drawn_preferences().operators()]
    preferences().api_url = "https://third.example/api/v1"
    assert "https://third.example" in poll_message(bpy.ops.triverse.generate), "another one is asked about anew"
    preferences().api_key = KEY[::-1]
    assert bpy.ops.triverse.generate.poll(), "a key that is typed now is for the service that is set now"
    runtime.shutdown()


@pytest.mark.kind("key-forms")
def test_the_variable_for_the_address_does_not_take_the_typed_key_along(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from triverse_addon.ui import settings

    preferences().api_key = KEY
    monkeypatch.setenv("TRIVERSE_API_URL", f"{OTHER}/api/v1")
    with pytest.raises(KeyElsewhereError):
        settings.settings_now().check_key()
    monkeypatch.setenv("TRIVERSE_API_KEY", KEY)
    settings.settings_now().check_key()  # both come from the same hands
    monkeypatch.delenv("TRIVERSE_API_URL")
    settings.settings_now().check_key()
    preferences().api_url = "https://third.example/api/v1"
    with pytest.raises(KeyElsewhereError):
        settings.settings_now().check_key()


@pytest.mark.kind("key-forms")
def test_a_service_on_this_machine_is_not_asked_about_but_the_way_back_is(ui: ModuleType) -> None:
    from triverse_addon.ui import settings

    preferences().api_key = KEY
    preferences().api_url = "http://127.0.0.1:9/api/v1"
    settings.settings_now().check_key()
    preferences().api_key = KEY[::-1]
    preferences().property_unset("api_url")
    with pytest.raises(KeyElsewhereError):
        settings.settings_now().check_key()


@pytest.mark.kind("key-forms")
def test_the_command_says_it_too(
    ui: ModuleType, monkeypatch: pytest.MonkeyPatch, nobody_is_called: list[Any], tmp_path: Any
) -> None:
    from triverse_addon.cli.blender_host import BlenderHost
    from triverse_addon.cli.exit_codes import Exit, for_error
    from triverse_addon.cli.setup import ready_to_send

    args = argparse.Namespace(data=str(tmp_path), offline=False)
    preferences().api_key = KEY
    monkeypatch.setenv("TRIVERSE_API_URL", f"{OTHER}/api/v1")
    with pytest.raises(KeyElsewhereError) as caught:
        ready_to_send(args, BlenderHost("triverse"))
    assert OTHER in str(caught.value.sentence)
    assert "TRIVERSE_API_KEY" in str(caught.value.sentence)
    assert for_error(caught.value) is Exit.ACCOUNT
    assert nobody_is_called == []


@pytest.mark.kind("networks")
@pytest.mark.parametrize("paste", ['Bearer "{}"', "TRIVERSE_API_KEY={}", "{} {}", "\ufeff{}\u200b"])
def test_a_pasted_key_is_cleaned(ui: ModuleType, service: StandIn, tick_until: Tick, paste: str) -> None:
    from triverse_addon.ui.state import runtime

    preferences().api_url = service.url
    preferences().api_key = paste.replace("{}", service.key)
    tick_until(lambda: runtime.get_or_start().price.balance is not None)
    runtime.shutdown()


@pytest.mark.kind("networks")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$TRIVERSE_API_KEY", "the name of a variable"),
        ("tv-****", "Only a part"),
        ("https://x.example", "a web address"),
    ],
)
def test_what_is_no_key_is_named_before_anything_is_sent(
    ui: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tick_until: Tick,
    nobody_is_called: list[Any],
    text: str,
    words: str,
) -> None:
    from triverse_addon.ui.state import runtime

    preferences().api_key = text
    assert words in poll_message(bpy.ops.triverse.generate)
    assert words in drawn_preferences().prose()
    preferences().api_key = ""
    monkeypatch.setenv("TRIVERSE_API_KEY", text)
    assert words in poll_message(bpy.ops.triverse.generate)
    tick_until(lambda: words in make_panel().prose())
    assert "triverse.preferences" in make_panel().operators()
    assert nobody_is_called == []
    runtime.shutdown()


@pytest.mark.kind("networks")
def test_the_command_names_what_is_no_key(ui: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from triverse_addon.cli.blender_host import BlenderHost
    from triverse_addon.cli.setup import ready_to_send

    monkeypatch.setenv("TRIVERSE_API_KEY", "tv-…abc")
    with pytest.raises(InputError) as caught:
        ready_to_send(argparse.Namespace(data=str(tmp_path), offline=False), BlenderHost("triverse"))
    assert caught.value.field == "api_key"


def test_a_key_typed_in_the_preferences_is_tested_without_a_panel(
    ui: ModuleType, connected: StandIn, tick_until: Tick
) -> None:
    from triverse_addon.ui.state import runtime
    from triverse_addon.ui.timers import app_timer

    preferences().api_key = connected.key
    assert runtime.current() is None
    app_timer.tick()
    session = runtime.current()
    assert session is not None
    tick_until(lambda: session.key_answer is not None and session.key_answer[0] is not None)
    assert session.key_answer[0] is True
    assert any("accepted" in text.lower() or "works" in text.lower() for text in drawn_preferences().texts())


def test_a_key_that_was_not_typed_now_starts_nothing(ui: ModuleType, connected: StandIn) -> None:
    from triverse_addon.ui import settings
    from triverse_addon.ui.state import runtime
    from triverse_addon.ui.timers import app_timer

    assert settings.take_typed_key()
    app_timer.tick()
    assert runtime.current() is None
