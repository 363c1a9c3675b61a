# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be typed, and how a slip is answered. One: ``python scripts/test.py tests/cli/test_arguments.py``."""

from __future__ import annotations

import pytest

from triverse_addon.api.flows import FLOWS, Kind
from triverse_addon.cli import arguments
from triverse_addon.cli.arguments import UsageError, parse

PROMISED = {"--flow", "--prompt", "--image", "--model", "--polygon-limit", "--texture-size", "--turbo", "--output"}
PROMISED |= {"--timeout", "--json", "--data", "--offline"}


def options(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        parse([command, "--help"], "triverse")
    text = capsys.readouterr().out
    return {word.strip("[],").partition(" ")[0] for word in text.split() if word.strip("[],").startswith("--")}


def test_the_promised_options_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert options("generate", capsys) >= PROMISED


def test_every_field_of_every_flow_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    shown = options("generate", capsys)
    for flow in FLOWS.values():
        for field in flow.fields:
            assert arguments.option_name(field) in shown
            if field.kind is Kind.BOOL:
                assert arguments.option_name(field).replace("--", "--no-", 1) in shown


def test_values_and_sources_are_told_apart() -> None:
    line = "generate --flow texture-model --image a.png --model b.glb --polygon-limit 5000 --output x.blend"
    args = parse(line.split(), "triverse")
    assert arguments.flow_name(args) == "texture-model"
    assert arguments.values(args) == {"polygon_limit": "5000"}
    assert arguments.sources(args) == {"image_file": "a.png", "model_file": "b.glb"}


@pytest.mark.parametrize(
    ("line", "flow"),
    [("generate --prompt chair", "text-to-model"), ("generate --image a.png", "image-to-model")],
)
def test_the_usual_flows_need_no_name(line: str, flow: str) -> None:
    assert arguments.flow_name(parse(line.split(), "triverse")) == flow


def test_a_switch_can_be_on_off_or_left_alone() -> None:
    given = [arguments.values(parse(["quote", *more], "triverse")) for more in ([], ["--turbo"], ["--no-turbo"])]
    assert given == [{}, {"turbo": True}, {"turbo": False}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "COMMAND"),
        ("make", "make"),
        ("generate --flow sculpture", "sculpture"),
        ("generate --promt chair", "--promt"),
        ("generate --prom chair", "--prom"),
        ("generate --prompt", "--prompt"),
        ("generate --timeout soon", "--timeout"),
        ("generate --timeout -3", "--timeout"),
        ("generate --timeout nan", "--timeout"),
        ("track", "UUID"),
        ("list --count 0", "--count"),
        ("batch", "FILE"),
        ("batch rows.csv --jobs 0", "--jobs"),
        ("batch rows.csv --max-credits some", "--max-credits"),
        ("batch rows.csv --patience 0", "--patience"),
    ],
)
def test_a_slip_is_one_sentence(line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split(), "triverse")
    said = str(caught.value)
    assert words in said
    assert "\n" not in said
    assert said.endswith("--help.")
