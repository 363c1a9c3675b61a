# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service accepts for each flow, what it costs, and how it echoes a request. No ``bpy``; any thread.

Written from the service's public pages, on purpose without a look at the add-on's own table of flows. Where the
pages give the fields, unknown ones are refused; where they do not, anything is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Params = dict[str, Any]


class Refused(Exception):
    """The service says no.

    :param code: the service's own code.
    :param http_status: the HTTP status that goes with it.
    :param data: more for the error body than code, message and suggestion.
    """

    def __init__(
        self, code: int, http_status: int, message: str, suggestion: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.http_status, self.message, self.suggestion = code, http_status, message, suggestion
        self.data = dict(data or {})


def invalid(message: str, suggestion: str) -> Refused:
    """Return the refusal of a bad parameter."""
    return Refused(1004, 400, message, suggestion)


# -----------------------------------------------------------------------------
# Checks of one field: return the value or raise


def _text(least: int = 0) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str):
            raise invalid(f"{name} must be a string", f"Send {name} as text.")
        if len(value.strip()) < least:
            raise invalid(f"{name} is too short", f"Write at least {least} characters in {name}.")
        return value

    return check


def _whole(low: int, high: int) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid(f"{name} must be an integer", f"Send {name} as a whole number.")
        if not low <= value <= high:
            raise invalid(f"{name} is out of range", f"Choose {name} between {low} and {high}.")
        return value

    return check


def _one_of(*choices: str) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if value not in choices:
            raise invalid(f"{name} is not supported", f"Choose one of {', '.join(choices)} for {name}.")
        return value

    return check


def _flag(name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise invalid(f"{name} must be a boolean", f"Send {name} as true or false.")
    return value


def _list(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        raise invalid(f"{name} must be a list", f"Send {name} as a list.")
    return value


def _size(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{2,4}x\d{2,4}", value):
        raise invalid(f"{name} is not supported", f'Write {name} like "2048x2048".')
    return value


# -----------------------------------------------------------------------------
# Flows


@dataclass(frozen=True)
class Rule:
    """One flow.

    :param required: fields that must be there; a tuple means any of them.
    :param defaults: what `input` shows for what was not sent.
    :param output: "textured", "geometry", "picture" or "text".
    :param strict: whether the pages give all fields.
    """

    required: tuple[str | tuple[str, ...], ...]
    checks: Mapping[str, Callable[[str, Any], Any]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    output: str = "textured"
    base_cost: int = 20
    strict: bool = True


_MESH = {"polygon_limit": _whole(1_000, 1_500_000), "texture_size": _whole(1024, 4096)}
_MESH_DEFAULTS = {"polygon_limit": 1_000_000, "texture_size": 1024}
_FROM_TEXT = {"prompt": _text(3), "negative_prompt": _text(), **_MESH, "turbo": _flag}
_FROM_IMAGE = {"image_file": _text(1), "model_version": _text(1), **_MESH, "turbo": _flag}
_FROM_BOTH = {"image_file": _text(1), "model_file": _text(1), "model_version": _text(1), **_MESH}
_RENDER = {
    "model_file": _text(1),
    "render_mode": _one_of("basic", "multi_angle", "custom", "preset"),
    "image_count": _whole(1, 10),
    "resolution": _size,
    "render_format": _text(1),
    "enable_rgb_render": _flag,
    "enable_white_render": _flag,
    "camera_angles": _list,
    "preset_name": _text(),
}
_V2 = {"model_version": "v2", **_MESH_DEFAULTS}

FLOWS: Mapping[str, Rule] = {
    "text-to-model": Rule(("prompt",), _FROM_TEXT, {**_MESH_DEFAULTS, "turbo": False}),
    "image-to-model": Rule(("image_file",), _FROM_IMAGE, _V2, base_cost=25),
    "texture-model": Rule(("image_file", "model_file"), _FROM_BOTH, _V2, base_cost=15),
    "text-to-mesh": Rule(("prompt",), _FROM_TEXT, _MESH_DEFAULTS, "geometry", 12),
    "image-to-mesh": Rule(("image_file",), _FROM_IMAGE, _V2, "geometry", 15),
    "text-to-texture": Rule(
        ("model_file", ("prompt", "text_prompt")),
        {"model_file": _text(1), "prompt": _text(3), "text_prompt": _text(3), "model_version": _text(1), **_MESH},
        _V2,
        base_cost=15,
        strict=False,
    ),
    "multiview-to-model": Rule((), _MESH, _V2, base_cost=30, strict=False),
    "model-preview-render": Rule(
        ("model_file",),
        _RENDER,
        {"render_mode": "basic", "image_count": 3, "resolution": "2048x2048", "render_format": "PNG"},
        "picture",
        5,
    ),
    "model-remesh": Rule(("model_file",), {"model_file": _text(1)}, {}, "geometry", 8, strict=False),
    "convert-model-format": Rule(("model_file",), {"model_file": _text(1)}, {}, "textured", 2, strict=False),
    "image-generation": Rule(("prompt",), {"prompt": _text(3)}, {}, "picture", 4, strict=False),
    "prompt-optimization": Rule(("prompt",), {"prompt": _text(3)}, {}, "text", 1, strict=False),
}

_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check(flow_name: str, body: Any) -> Params:
    """Return the checked parameters of a creation, without `client_order_id` and `allow_duplicate`.

    :raises Refused: 2002 for an unknown flow, 1004 for bad parameters, 2008 for forbidden content.
    """
    rule = FLOWS.get(flow_name)
    if rule is None:
        raise Refused(2002, 400, f"unsupported task type: {flow_name}", "See the list of flows in the documentation.")
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object", "Send the parameters as a JSON object.")
    order = body.get("client_order_id")
    if order is not None and not (isinstance(order, str) and _CLIENT_ORDER_ID.fullmatch(order)):
        raise invalid("client_order_id is invalid", "Use 1 to 64 letters, digits, _ or -.")
    _flag("allow_duplicate", body.get("allow_duplicate", False))
    params = {name: value for name, value in body.items() if name not in ("client_order_id", "allow_duplicate")}
    for need in rule.required:
        names = (need,) if isinstance(need, str) else need
        if not any(params.get(name) not in (None, "") for name in names):
            raise invalid(f"{names[0]} is required", f"Add {' or '.join(names)} to the request.")
    for name, value in params.items():
        if name in rule.checks:
            rule.checks[name](name, value)
        elif rule.strict:
            raise invalid(f"unknown parameter: {name}", f"Leave {name} out; {flow_name} does not take it.")
    words = " ".join(value for value in params.values() if isinstance(value, str))
    if re.search(r"\bforbidden\b", words, re.IGNORECASE):
        raise Refused(2008, 400, "content violates the usage policy", "Describe something else.")
    return params


def echo(flow_name: str, params: Params, file_url: Callable[[str], str]) -> Params:
    """Return `input` as the status shows it: defaults filled in, files as URLs (``image_file`` → ``image_url``)."""
    shown: Params = {}
    for name, value in {**params, **{k: v for k, v in FLOWS[flow_name].defaults.items() if k not in params}}.items():
        if name.endswith("_file") and isinstance(value, str):
            shown[name.removesuffix("_file") + "_url"] = file_url(value)
        else:
            shown[name] = value
    return shown


def quote(flow_name: str, params: Params) -> tuple[Params, int]:
    """Return the price-relevant parameters, normalised, and the price in credits."""
    rule = FLOWS.get(flow_name)
    if rule is None:
        raise Refused(2002, 400, f"unsupported task type: {flow_name}", "See the list of flows in the documentation.")
    relevant: Params = {
        name: params.get(name, rule.defaults.get(name)) for name in ("polygon_limit", "texture_size", "turbo")
    }
    relevant = {name: value for name, value in relevant.items() if name in rule.checks and value is not None}
    for name, value in relevant.items():
        rule.checks[name](name, value)
    cost = rule.base_cost + 5 * (relevant.get("texture_size", 0) > 2048)
    cost += 5 * (relevant.get("polygon_limit", 0) > 1_000_000)
    if relevant.get("turbo"):
        cost = max(1, cost // 2)
    return relevant, cost
