# SPDX-License-Identifier: GPL-3.0-or-later
"""
A sentence for people, kept as a template and its values so that the ui can translate it.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .display_text import shown

Value = str | int | float

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Sentence:
    """
    A literal English template such as ``"The picture is larger than {limit_mb} MB."`` and the values for it.

    Templates are literals in the source, so that translations can be found for them; whatever differs from case to
    case (a file name, the service's own words) is a value.
    """

    template: str
    args: Mapping[str, Value] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, template: str, /, **args: Value) -> Sentence:
        """Build a sentence from a literal template and its values."""
        return cls(template, args)

    def __str__(self) -> str:
        return self.in_words(lambda english: english)

    def in_words(self, translate: Callable[[str], str]) -> str:
        """
        Return the sentence with ``translate`` applied to the template, and the values filled in.

        ``str.format`` is not used: it would fail on a translator's slip, and it follows attributes. A placeholder
        without a value is left as it stands. What in a value is not seen is escaped: sentences are printed.
        """

        def fill(match: re.Match[str]) -> str:
            return shown(str(self.args[match[1]])) if match[1] in self.args else match[0]

        return _PLACEHOLDER.sub(fill, translate(self.template))

    def to_json(self) -> dict[str, object]:
        """Return a dictionary that `from_json` reads, made of JSON types only."""
        return {"template": self.template, "args": dict(self.args)}

    @classmethod
    def from_json(cls, value: object) -> Sentence:
        """Read what `to_json` wrote. Anything else becomes a sentence that says the value as text."""
        if isinstance(value, Mapping) and isinstance(value.get("template"), str):
            args = value.get("args")
            known = {
                str(name): arg
                for name, arg in (args.items() if isinstance(args, Mapping) else ())
                if isinstance(arg, (str, int, float))
            }
            return cls(value["template"], known)
        return cls("{text}", {"text": "" if value is None else str(value)})
