# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences and errors: what a user reads. Plain Python, no ``bpy``."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triverse_addon.api import errors
from triverse_addon.api.sentence import Sentence

API = Path(errors.__file__).parent


def test_a_sentence_fills_in_its_values() -> None:
    sentence = Sentence.of("The picture is larger than {limit_mb} MB.", limit_mb=50)
    assert str(sentence) == "The picture is larger than 50 MB."
    assert sentence.translated(lambda _: "Das Bild ist größer als {limit_mb} MB.") == "Das Bild ist größer als 50 MB."


def test_a_sentence_survives_values_and_translations_that_look_like_templates() -> None:
    sentence = Sentence.of("Triverse says: {message}", message="{message} {0.__class__} {")
    assert str(sentence) == "Triverse says: {message} {0.__class__} {"
    assert sentence.translated(lambda _: "{nachricht} {message}") == "{nachricht} {message} {0.__class__} {"


def test_a_template_is_not_followed_into_attributes() -> None:
    assert str(Sentence.of("{name.__class__}", name="x")) == "{name.__class__}"


@given(
    st.text(),
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))),
)
def test_a_sentence_goes_through_json_unchanged(template: str, args: dict[str, str | int | float]) -> None:
    sentence = Sentence(template, args)
    assert Sentence.from_json(json.loads(json.dumps(sentence.to_json()))) == sentence


@pytest.mark.parametrize(("value", "words"), [(None, ""), ("text", "text"), (3, "3"), ({"args": {}}, "{'args': {}}")])
def test_anything_else_becomes_a_sentence_too(value: object, words: str) -> None:
    assert str(Sentence.from_json(value)) == words


def test_sentences_can_be_compared_and_put_into_sets() -> None:
    assert len({Sentence.of("A {b}.", b=1), Sentence.of("A {b}.", b=1), Sentence.of("A {b}.", b=2)}) == 2


def test_an_error_says_its_sentence() -> None:
    error = errors.TriverseError(Sentence.of("No {thing}.", thing="luck"), suggestion="Try again.", code=7)
    assert str(error) == "No luck."
    assert (error.suggestion, error.code, error.retry_after_s) == ("Try again.", 7, None)


def test_offline_names_the_way_out_for_either_reason() -> None:
    assert "Preferences" in str(errors.OfflineError("preference"))
    assert "--online-mode" in str(errors.OfflineError("command_line"))


def test_only_a_failed_connection_is_certain_not_to_have_been_sent() -> None:
    sentence = Sentence.of("x")
    assert errors.ConnectError(sentence).sent is False
    assert all(kind(sentence).sent for kind in (errors.ConnectionLostError, errors.StalledError, errors.BadAnswerError))


def sentences() -> list[tuple[str, str]]:
    """Every literal template of the ground floor, with its file."""
    found = []
    for path in sorted(API.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Sentence.of":
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno}: not a literal"
                given_names = {keyword.arg for keyword in node.keywords}
                wanted = {part.split("}")[0] for part in str(first.value).split("{")[1:]}
                assert wanted == given_names, f"{path.name}:{node.lineno}: {wanted} and {given_names} differ"
                found.append((path.name, str(first.value)))
    return found


def test_every_sentence_is_literal_whole_and_free_of_jargon() -> None:
    found = sentences()
    assert len(found) > 40
    for name, text in found:
        assert text[0].isupper() or text[0] == "{", (name, text)
        assert text.endswith((".", "}")), (name, text)
        for jargon in ("exception", "payload", "endpoint", "JSON", "HTTP ", "timeout", "null", "None"):
            assert jargon not in text, (name, text)


def test_nothing_heavy_is_imported_by_the_data_of_the_floor() -> None:
    code = (
        "import sys; import triverse_addon.api; import triverse_addon.api.flows, triverse_addon.api.payloads, "
        "triverse_addon.api.responses, triverse_addon.api.event_stream; "
        "heavy = {'requests', 'urllib3', 'websockets', 'certifi', 'bpy'} & set(sys.modules); sys.exit(bool(heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=API.parents[1], check=False).returncode == 0
