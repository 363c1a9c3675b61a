# SPDX-License-Identifier: GPL-3.0-or-later
"""
Flamenco's job type is written in the JavaScript that its manager's engine knows: goja of August 2023.

Node runs the script in other tests, and takes everything. Here it is read by a parser that knows ECMAScript 2017 and
nothing newer, all of which goja knows too; what no parser sees (methods, globals, flags of regular expressions) is held
against a list.

One: ``python scripts/test.py tests/package/test_flamenco_language.py``.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from scripts._dev.cache import REPO

SCRIPT = REPO / "scripts" / "flamenco" / "triverse_batch.js"
#: What Flamenco's manager offers, and what is in the language since 2017 or longer.
GLOBALS = {"author", "path", "print", "alert", "shellSplit", "formatTimestampLocal", "frameChunker", "undefined"}
GLOBALS |= {"Array", "Boolean", "Date", "Error", "JSON", "Map", "Math", "Number", "Object", "RegExp", "Set", "String"}
GLOBALS |= {"isNaN", "parseFloat", "parseInt"}
METHODS = {"Task", "Command", "addTask", "addCommand", "addDependency", "settings"}  # Flamenco's own
METHODS |= {"assign", "keys", "values", "entries", "isArray", "isInteger", "min", "max", "floor", "ceil", "stringify"}
METHODS |= {
    "concat",
    "every",
    "filter",
    "forEach",
    "includes",
    "indexOf",
    "join",
    "length",
    "map",
    "pop",
    "push",
    "slice",
}
METHODS |= {"some", "sort", "endsWith", "match", "padStart", "replace", "split", "startsWith", "test", "trim"}


def problems_of(source: str) -> list[str]:
    """What in a script an engine of August 2023 would not take, or might not."""
    esprima = importlib.import_module("esprima")
    try:
        tree = esprima.parseScript(f'"use strict";\n{source}').toDict()
    except esprima.Error as error:
        return [str(error)]
    nodes = list(_nodes(tree))
    own = {node["id"]["name"] for node in nodes if node["type"] in ("FunctionDeclaration", "VariableDeclarator")}
    own |= {name for node in nodes for one in node.get("params", ()) for name in _names(one)}
    keys = {node["key"].get("name") for node in nodes if node["type"] == "Property"}
    keys |= set(re.findall(r'key: "(\w+)"', source))
    found = []
    for node in nodes:
        if node["type"] == "MemberExpression":
            name = node["property"].get("name")
            if not node["computed"] and name not in METHODS | keys:
                found.append(f"the method {name}")
        elif node["type"] == "Literal" and node.get("regex"):
            flags, pattern = node["regex"]["flags"], node["regex"]["pattern"]
            if set(flags) - set("gimuy") or re.search(r"\(\?<|\\[pP]\{", pattern):
                found.append(f"the regular expression /{pattern}/{flags}")
        elif node["type"] in ("FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"):
            found += ["an async function or a generator"] if node.get("async") or node.get("generator") else []
        elif node["type"] == "Identifier" and node.get("free") and node["name"] not in GLOBALS | own:
            found.append(f"the global {node['name']}")
    return found


def _nodes(node: Any, role: str = "") -> Iterator[dict[str, Any]]:
    """All nodes; an identifier that may be a variable is marked as free."""
    if isinstance(node, list):
        for one in node:
            yield from _nodes(one, role)
    elif isinstance(node, dict) and isinstance(node.get("type"), str):
        node["free"] = role != "name"
        yield node
        for key, value in node.items():
            is_name = key in ("property", "key") and not node.get("computed")
            yield from _nodes(value, "name" if is_name else "")


def _names(pattern: dict[str, Any]) -> Iterator[str]:
    if pattern["type"] == "Identifier":
        yield pattern["name"]
    elif pattern["type"] == "AssignmentPattern":
        yield from _names(pattern["left"])


def test_the_job_type_is_what_the_engine_knows() -> None:
    assert problems_of(SCRIPT.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "newer",
    [
        "job.a ??= 1;",
        "const a = job?.name;",
        "const a = 10n;",
        "const a = {...job};",
        "const a = /(?<year>..)/.test('x');",
        "const a = /./s.test('x');",
        "const a = [1].toSorted();",
        "const a = [1].at(0);",
        "const a = structuredClone(job);",
        "console.log(job);",
        "const fs = require('fs');",
        "class A { #x = 1; }",
        "for await (const one of job) { print(one); }",
        "async function wait() { print(1); }",
        "try { print(1); } catch { print(2); }",
        "const a = 1_000;",
    ],
)
def test_what_is_newer_is_found(newer: str) -> None:
    assert problems_of(f"function compileJob(job) {{\n{newer}\n}}") or problems_of(newer)
    assert problems_of('function compileJob(job) { print(`${job.settings}`.split(",").map(x => Number(x))); }') == []
