# SPDX-License-Identifier: GPL-3.0-or-later
"""
A message for users, stored as a template and its values so that the ui can translate it.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .display_text import shown

Value = str | int | float

#: Names of values that are amounts: thousands are separated. A number that names something, such as a line of a file,
#: is no amount.
AMOUNTS = frozenset(
    {
        *("all", "balance", "cost", "count", "credits", "done", "each", "failed", "frozen", "limit", "maximum"),
        *("follow", "leave", "minimum", "missing", "order", "retry", "shown", "spent", "total", "unknown"),
    }
)

#: Patterns are compiled when first used, by ``re``, which keeps them: register() imports this module.
_PLACEHOLDER = r"\{(\w+)(?:\|([^{}|]*)\|([^{}|]*))?\}"


class Sentence:
    """
    A literal English template such as ``"The picture is larger than {limit_mb} MB."`` and its values. Never changed.

    Words that depend on a number are ``"{count} {count|model is|models are} ready."``: the first for 1.

    Templates are literals in the source, so that translations can be looked up for them. Variable parts (a file name, a
    message of the service) are values.
    """

    __slots__ = ("args", "template")

    def __init__(self, template: str, args: Mapping[str, Value] | None = None) -> None:
        self.template = template
        self.args: Mapping[str, Value] = {} if args is None else args

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sentence):
            return NotImplemented
        return (self.template, self.args) == (other.template, other.args)

    def __hash__(self) -> int:
        return hash(self.template)

    def __repr__(self) -> str:
        return f"Sentence({self.template!r}, {self.args!r})"

    @classmethod
    def of(cls, template: str, /, **args: Value) -> Sentence:
        """Create a sentence from a literal template and its values."""
        return cls(template, args)

    def __str__(self) -> str:
        args = {name: f"{value:,}" if is_amount(name, value) else value for name, value in self.args.items()}
        return Sentence(self.template, args).translated(lambda english: english)

    def translated(self, translate: Callable[[str], str]) -> str:
        """
        Return the sentence with ``translate`` applied to the template, and the values filled in.

        ``str.format`` is not used: it would fail on a translator's mistake, and it allows attribute access. A
        placeholder without a value is kept. Invisible characters in values are escaped, because sentences are printed.
        """

        def fill(match: re.Match[str]) -> str:
            if match[1] not in self.args:
                return match[0]
            value = str(self.args[match[1]])
            if match[2] is not None:
                return match[2] if value == "1" else match[3]
            return shown(value)

        text = translate(self.template)
        return re.sub(_PLACEHOLDER, fill, text) if "{" in text else text

    def to_json(self) -> dict[str, object]:
        """Return a dictionary of JSON types that `from_json` accepts."""
        return {"template": self.template, "args": dict(self.args)}

    @classmethod
    def from_json(cls, value: object) -> Sentence:
        """Create a sentence from the result of `to_json`. Any other value becomes a sentence with the value as text."""
        if isinstance(value, Mapping) and isinstance(value.get("template"), str):
            args = value.get("args")
            known = {
                str(name): arg
                for name, arg in (args.items() if isinstance(args, Mapping) else ())
                if isinstance(arg, (str, int, float))
            }
            return cls(value["template"], known)
        return cls("{text}", {"text": "" if value is None else str(value)})


def is_amount(name: str, value: Value) -> bool:
    """Return whether a value of a sentence is a whole number whose thousands are separated."""
    return name in AMOUNTS and isinstance(value, int) and not isinstance(value, bool)
