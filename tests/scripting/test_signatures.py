# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is public stays as it is: names, signatures and attributes of ``scripting``, compared with a recorded list.

A change that scripts would notice fails here. ``python -m tests.scripting.test_signatures`` writes the list again.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from triverse_addon import scripting

RECORDED = Path(__file__).with_name("signatures.txt")


def public_lines() -> Iterator[str]:
    """Every public name with its signature, and the public members of classes of its own."""
    for name in sorted(scripting.__all__):
        value = getattr(scripting, name)
        if not inspect.isclass(value):
            yield f"{name}{signature(value) if callable(value) else f': {type(value).__name__}'}"
            continue
        base = value.__mro__[1].__name__
        yield f"class {name}({base})"
        if not issubclass(value, Exception):
            yield from (f"    {line}" for line in members(value))


def members(cls: type) -> Iterator[str]:
    """The public members of a class, and those under which ``with`` and ``await`` use it."""
    if dataclasses.is_dataclass(cls):
        yield from (f"{field.name}: {plain(str(field.type))}" for field in dataclasses.fields(cls))
        return
    yield from (
        f"{name}: {plain(inspect.formatannotation(kind))}"
        for name, kind in sorted(inspect.get_annotations(cls).items())
    )
    for name, value in sorted(vars(cls).items()):
        if isinstance(value, property):
            returned = inspect.signature(value.fget).return_annotation  # type: ignore[arg-type]
            yield f"{name}: {plain(inspect.formatannotation(returned))}"
        elif name in ("__enter__", "__exit__", "__await__") or (inspect.isfunction(value) and not name.startswith("_")):
            yield f"{name}{signature(value)}"
        elif not name.startswith("_"):
            yield name


def signature(function: object) -> str:
    """The signature as text."""
    return plain(str(inspect.signature(function)))  # type: ignore[arg-type]


def plain(text: str) -> str:
    """The text of a signature without the modules of its types, which may move."""
    return re.sub(r"\b(?:\w+\.)+(?=[A-Z])", "", text).replace('"', "")


def test_the_public_surface_is_as_recorded() -> None:
    assert "\n".join(public_lines()) + "\n" == RECORDED.read_text("utf-8")


def test_everything_public_is_documented() -> None:
    for name in scripting.__all__:
        value = getattr(scripting, name)
        if not callable(value):
            continue
        assert inspect.getdoc(value), name
        if inspect.isclass(value) and value.__module__.startswith(scripting.__name__):
            for member, function in vars(value).items():
                if not member.startswith("_") and (inspect.isfunction(function) or isinstance(function, property)):
                    assert inspect.getdoc(function), f"{name}.{member}"


if __name__ == "__main__":
    RECORDED.write_text("\n".join(public_lines()) + "\n", "utf-8")
