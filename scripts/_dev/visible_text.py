# SPDX-License-Identifier: GPL-3.0-or-later
"""
Every text of the add-on that a user can see, found in its source.

No floor (development only). Never imports ``bpy``; of the add-on it imports the table of flows.

    python scripts/_dev/visible_text.py          what lacks a translation, and what is translated and not used
    python scripts/_dev/visible_text.py --all    every text, with where it is

Texts are looked for where the house rules put them: literal templates of ``tr()`` and ``Sentence``, labels and
descriptions of Blender classes and properties, literals in the calls of a layout, and the table of flows.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

REPO = Path(__file__).resolve().parents[2]
ADDON = REPO / "triverse_addon"
#: What a terminal shows is English; so the command line is left out.
FLOORS = ("api", "tasks", "batch", "scene", "scripting", "ui")

#: Blender's translation contexts: what an operator is called, and everything else.
OPERATOR, DEFAULT = "Operator", "*"

#: Names, which are the same in every language.
NAMES = frozenset({"Triverse", "Triverse API"})

_PROPERTIES = frozenset(
    f"{kind}Property"
    for kind in ("Bool", "BoolVector", "Collection", "Enum", "Float", "FloatVector", "Int", "IntVector", "Pointer")
) | {"StringProperty"}
_LAYOUT_TEXTS = ("text", "heading", "placeholder", "title", "message", "confirm_text")
_OPERATOR_CALLS = frozenset({"operator", "operator_menu_enum", "operator_menu_hold"})
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\|[^{}]*)?\}")


@dataclass(frozen=True, order=True)
class Text:
    """One text: its context in Blender's translations, itself, and where it is."""

    context: str
    text: str
    place: str


def visible_texts() -> list[Text]:
    """Return all visible texts, sorted."""
    found: set[Text] = set()
    for floor in FLOORS:
        for path in sorted((ADDON / floor).rglob("*.py")):
            if "translations" not in path.parts:
                found.update(in_source(path.read_text("utf-8"), path.relative_to(REPO).as_posix()))
    found.update(_in_flows())
    return sorted(text for text in found if _needs_translation(text.text))


def placeholders(text: str) -> set[str]:
    """Return the names in a template: of its ``{name}``, and of its ``{name|words for 1|words for others}``."""
    return set(_PLACEHOLDER.findall(text))


def _needs_translation(text: str) -> bool:
    return text not in NAMES and re.search(r"[A-Za-z]", re.sub(r"\{\w+[|}]", "", text)) is not None


# -----------------------------------------------------------------------------
# Source


def in_source(source: str, place: str) -> Iterator[Text]:
    """Yield the visible texts of one module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            texts = _in_class(node)
        elif isinstance(node, ast.Call):
            texts = _in_call(node, is_ui="/ui/" in place)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            texts = _in_table(node)
        else:
            continue
        for context, text in texts:
            yield Text(context, text, f"{place}:{node.lineno}")


def _in_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Label, description and docstring of a class that Blender registers, which it shows as the tooltip."""
    values = {
        target.id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    if "bl_label" not in values:
        return
    is_operator = any("." in text for text in _literals(values.get("bl_idname")))
    for text in _literals(values["bl_label"]):
        yield OPERATOR if is_operator else DEFAULT, text
    if "bl_description" in values:
        for text in _literals(values["bl_description"]):
            yield DEFAULT, text
    elif is_operator or any(_name(base) == "Menu" for base in node.bases):
        # Blender shows the docstring of an operator and of a menu as its tooltip, that of a panel nowhere.
        yield DEFAULT, ast.get_docstring(node, clean=False) or ""


def _in_call(node: ast.Call, *, is_ui: bool) -> Iterator[tuple[str, str]]:
    name = _name(node.func)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if name in ("tr", "Sentence") or (name == "of" and _name(getattr(node.func, "value", None)) == "Sentence"):
        for text in _literals(node.args[0] if node.args else keywords.get("template")):
            yield DEFAULT, text
    elif name == "tr_button":
        yield from ((OPERATOR, text) for text in _literals(node.args[0]))
    elif name in _PROPERTIES:
        if "HIDDEN" not in _literals(keywords.get("options")):
            for key in ("name", "description"):
                yield from ((DEFAULT, text) for text in _literals(keywords.get(key)))
            yield from ((DEFAULT, text) for text in _in_items(keywords.get("items")))
    elif name == "DownloadSpec":
        yield from ((DEFAULT, text) for text in _literals(node.args[3] if len(node.args) > 3 else keywords["what"]))
    elif name == "poll_message_set":
        # Blender shows it as it is given, so it must be in tr(): see `unsaid`.
        yield from ((DEFAULT, text) for argument in node.args for text in _literals(argument))
    elif name == "Action":
        yield from ((OPERATOR, text) for text in _literals(node.args[1] if len(node.args) > 1 else keywords["text"]))
    elif is_ui:
        # A layout's own call, or one of our functions that draw a button.
        names_one = any(text.startswith("triverse.") for argument in node.args for text in _literals(argument))
        context = OPERATOR if name in _OPERATOR_CALLS or names_one else DEFAULT
        for key in _LAYOUT_TEXTS:
            yield from ((context, text) for text in _literals(keywords.get(key)))


def _in_items(node: ast.expr | None) -> Iterator[str]:
    """Names and descriptions of the items of an enum: (identifier, name, description, …)."""
    if isinstance(node, (ast.Tuple, ast.List)):
        for item in node.elts:
            if isinstance(item, ast.Tuple):
                for part in item.elts[1:3]:
                    yield from _literals(part)


def _in_table(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, str]]:
    """A module's table of hints for empty fields, or of an enum's items."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    if "_PLACEHOLDERS" in names and isinstance(node.value, ast.Dict):
        for value in node.value.values:
            yield from ((DEFAULT, text) for text in _literals(value))
    if any(name.endswith("_ITEMS") for name in names):
        yield from ((DEFAULT, text) for text in _in_items(node.value))


def _literals(node: ast.AST | None) -> Iterator[str]:
    """The strings that an expression can be: itself, or either side of an ``if``, or the members of a set."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Set):
        for part in node.elts:
            yield from _literals(part)


def _name(node: object) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def unsaid() -> list[str]:
    """Return where a text is given to Blender that does not translate it, and is not in ``tr()``."""
    found = []
    for path in sorted((ADDON / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                given: list[ast.expr] = []
                if _name(node.func) == "poll_message_set":
                    given = node.args
                elif _name(node.func) == "report":
                    given = node.args[1:]
                elif _name(node.func) in ("invoke_confirm", "invoke_props_dialog"):
                    given = [keywords[key] for key in ("title", "message", "confirm_text") if key in keywords]
                elif getattr(keywords.get("translate"), "value", True) is False:
                    given = [keywords[key] for key in ("text", "heading", "placeholder") if key in keywords]
                if any(_needs_translation(text) for argument in given for text in _literals(argument)):
                    found.append(f"{path.relative_to(REPO).as_posix()}:{node.lineno}")
    return found


# -----------------------------------------------------------------------------
# Flows


def _in_flows() -> Iterator[Text]:
    """Labels and descriptions of the flows of the panel."""
    from triverse_addon.api.flows import FLOWS, Kind

    place = "triverse_addon/api/flows.py"
    for flow in FLOWS.values():
        texts = [flow.label, flow.description, flow.experimental]
        for field in flow.fields:
            texts += [field.label, field.description]
            if field.kind is Kind.CHOICE and flow.yields_model:
                texts += [choice.replace("_", " ").title() for choice in field.choices]
        yield from (Text(DEFAULT, text, f"{place} {flow.name}") for text in texts)


# -----------------------------------------------------------------------------
# Compared with the translations


def languages() -> dict[str, ModuleType]:
    """Return the modules of ``ui/translations`` by name: ``de``. They are loaded by themselves, as ``ui`` needs bpy."""
    found = {}
    for path in sorted((ADDON / "ui" / "translations").glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"translations_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = found[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return found


def lacking(texts: Iterable[Text], language: ModuleType) -> list[Text]:
    """Return the texts that have no translation in ``language``."""
    tables = {DEFAULT: language.TEXTS, OPERATOR: language.OPERATORS}
    return [text for text in texts if text.text not in tables[text.context]]


def unused(texts: Iterable[Text], language: ModuleType) -> list[tuple[str, str]]:
    """Return the entries of ``language`` that no visible text has, as (context, text)."""
    used = {(text.context, text.text) for text in texts}
    tables = {DEFAULT: language.TEXTS, OPERATOR: language.OPERATORS}
    return [(context, text) for context, table in tables.items() for text in table if (context, text) not in used]


def main() -> int:
    """Print what was asked for. Exit code 1 if something lacks."""
    parser = argparse.ArgumentParser(description="Visible texts and their translations.")
    parser.add_argument("--all", action="store_true", help="print every text, with where it is")
    options = parser.parse_args()
    texts = visible_texts()
    if options.all:
        for text in texts:
            print(f"{text.context}\t{text.text!r}\t{text.place}")
        return 0
    code = 0
    for name, language in languages().items():
        for text in lacking(texts, language):
            print(f"{name} lacks\t{text.context}\t{text.text!r}\t{text.place}")
            code = 1
        for context, entry in unused(texts, language):
            print(f"{name} unused\t{context}\t{entry!r}")
            code = 1
    return code


if __name__ == "__main__":
    sys.path.insert(0, str(REPO))
    sys.exit(main())
