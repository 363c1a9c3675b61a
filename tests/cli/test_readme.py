# SPDX-License-Identifier: GPL-3.0-or-later
"""The README says what the code does. One: ``python scripts/test.py tests/cli/test_readme.py``."""

from __future__ import annotations

import argparse
import re

from scripts.readme import README, TABLES, with_tables
from triverse_addon.api.flows import FLOWS
from triverse_addon.cli.arguments import option_name, parser
from triverse_addon.cli.exits import Exit

TEXT = README.read_text(encoding="utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    found = next(action for action in parser("triverse")._actions if isinstance(action.choices, dict))
    assert isinstance(found.choices, dict)
    return dict(found.choices)


def test_its_tables_are_written_by_the_script() -> None:
    assert with_tables(TEXT) == TEXT, "python scripts/readme.py"
    assert all(f"<!-- {name} -->" in TEXT for name in TABLES)


def test_every_command_is_in_it() -> None:
    assert set(re.findall(r"^\| `([a-z]+)(?: UUID…)?` \|", TEXT, re.MULTILINE)) >= set(commands())


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
    codes = re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in Exit]
