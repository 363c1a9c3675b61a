# SPDX-License-Identifier: GPL-3.0-or-later
"""
Finds the results of flows that make no model in the ``output`` of a task, whose form is not documented.

Ground floor; any thread; no ``bpy``. The functions raise nothing, whatever the input.

Any key is accepted, at any depth: one URL, a list, objects with a URL each, a text of its own. Names of keys only
decide between several candidates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .payload_values import as_urls
from .urls import clean

#: Most files of one task. Preview renders are up to ten, each possibly in colors and in white.
MOST_FILES = 24
#: Longest text of a result in characters.
MOST_CHARACTERS = 4000

#: Deeper values of an output are not read.
_DEPTH = 6
#: Most values of an output that are read.
_MOST_VALUES = 2000

#: Keys under which a smaller copy of the result is.
_SMALL = frozenset({"preview", "preview_url", "thumb", "thumb_url", "thumbnail", "thumbnail_url"})
#: Parts of keys under which the request is repeated, or facts are about the result.
_ABOUT = (
    "origin",
    "input",
    "negative",
    "source",
    "status",
    "lang",
    "model",
    "format",
    "type",
    "uuid",
    "message",
    "name",
)
#: Parts of keys that mark the text that was asked for, best first.
_BEST = ("optim", "improv", "enhanc", "rewrit", "refin", "result", "output", "text", "prompt")


def result_urls(output: object) -> tuple[str, ...]:
    """
    Return the URLs of a task's results, each once, in the order of the output.

    A single preview is left out, and so is the geometry of a model that is also there with its textures.
    """
    found = [(path, url) for path, value in _values(output) for url in as_urls(value)]
    has_textures = any("textured_model" in path for path, _ in found)
    kept = [
        url
        for path, url in found
        if path.rpartition("/")[2] not in _SMALL and not (has_textures and "geometry_model" in path)
    ]
    if not kept and len(found) > 1:  # what was asked for are previews
        kept = [url for _, url in found]
    return tuple(dict.fromkeys(kept))[:MOST_FILES]


def result_text(output: object, given: str = "") -> str:
    """
    Return the text that a task has written, in one line; "" if there is none.

    :param given: the text of the request, which the output may repeat.
    """
    known = clean(given, MOST_CHARACTERS)
    found = [
        (path, text)
        for path, value in _values(output)
        if isinstance(value, str) and not as_urls(value) and (text := clean(value, MOST_CHARACTERS))
    ]
    fit = [(path, text) for path, text in found if not any(word in path.rpartition("/")[2] for word in _ABOUT)]
    # An output that only repeats what was given is still an answer: nothing was to be improved.
    new = [(path, text) for path, text in fit if text != known] or fit
    if not new:
        return ""
    return min(new, key=lambda one: (_rank(one[0]), -len(one[1])))[1]


def _rank(path: str) -> int:
    return next((at for at, word in enumerate(_BEST) if word in path), len(_BEST))


def _values(output: object) -> Iterator[tuple[str, object]]:
    """Yield the texts of an output in their order, each with the keys that lead to it, in lower case."""
    left = _MOST_VALUES
    waiting: list[tuple[str, object, int]] = [("", output, 0)]
    while waiting and left:
        left -= 1
        path, value, depth = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif depth < _DEPTH and isinstance(value, Mapping):
            inner = [(f"{path}/{str(key).lower()}", one, depth + 1) for key, one in value.items()]
            waiting.extend(reversed(inner[:left]))
        elif depth < _DEPTH and isinstance(value, (list, tuple)):
            waiting.extend((path, one, depth + 1) for one in reversed(value[:left]))
