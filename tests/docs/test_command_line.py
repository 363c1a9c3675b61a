# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages about the command line and the flows say what the code does."""

from __future__ import annotations

import argparse
import re

from scripts.docs import REPO
from triverse_addon.api.flows import FLOWS
from triverse_addon.cli.arguments import option_name, parser
from triverse_addon.cli.exit_codes import Exit

COMMANDS = (REPO / "docs" / "command-line.md").read_text(encoding="utf-8")
TEXT = COMMANDS + (REPO / "docs" / "flows.md").read_text(encoding="utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    found = next(action for action in parser("triverse")._actions if isinstance(action.choices, dict))
    assert isinstance(found.choices, dict)
    return dict(found.choices)


def test_every_command_is_in_it() -> None:
    assert set(re.findall(r"^\| `([a-z]+)(?: UUID…)?` \|", COMMANDS, re.MULTILINE)) >= set(commands())


def test_every_option_is_in_it() -> None:
    of_flows = {option_name(field) for flow in FLOWS.values() for field in flow.fields}
    for command in commands().values():
        for action in command._actions:
            for option in action.option_strings:
                if option in of_flows:
                    assert f"`{option}`" in TEXT
                elif option not in ("-h", "--help") and not option.startswith("--no-"):
                    assert re.search(rf"`{option}[ `]", TEXT), option


def test_every_exit_code_is_in_it() -> None:
    codes = re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in Exit]
