# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the documentation that follow from the code are those of this code: ``python scripts/docs.py``."""

from __future__ import annotations

import pytest

from scripts.docs import PAGES, TABLES, Operator, operators, operators_in, with_tables


def test_every_table_has_its_page() -> None:
    assert PAGES.keys() == TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_its_tables_are_written_by_the_script(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    assert f"<!-- {name} -->" in text
    assert with_tables(text) == text, "python scripts/docs.py"


def test_a_table_of_another_code_is_found() -> None:
    text = "# Flows\n\n<!-- flows -->\nold\n<!-- /flows -->\n\nMore.\n"
    assert with_tables(text) == f"# Flows\n\n<!-- flows -->\n{TABLES['flows']()}\n<!-- /flows -->\n\nMore.\n"


SOURCE = '''
class TRIVERSE_OT_one(Mixed, bpy.types.Operator):
    """The tooltip"""

    bl_idname = "triverse.one"
    bl_label = "One"
class TRIVERSE_OT_two(bpy.types.Operator):
    bl_idname, bl_label = "x", "y"
    bl_idname = "triverse.two"
    bl_label = "Two"
    bl_description = "Another tooltip"
class TRIVERSE_MT_menu(bpy.types.Menu):
    """A menu"""
    bl_idname = "TRIVERSE_MT_menu"
'''


def test_operators_are_found_by_their_classes() -> None:
    assert list(operators_in(SOURCE, "batch/x.py")) == [
        Operator("triverse.one", "One", "batch/x.py", "The tooltip"),
        Operator("triverse.two", "Two", "batch/x.py", "Another tooltip"),
    ]


def test_no_operator_is_named_twice_and_all_are_described() -> None:
    found = operators()
    assert len({one.idname for one in found}) == len(found) > 50
    assert [one.idname for one in found if not (one.label and one.tooltip)] == []
