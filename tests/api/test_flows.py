# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of flows, and what is checked before anything is sent. Plain Python, no ``bpy``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service import flows as service_flows
from triverse_addon.api import flows
from triverse_addon.api.errors import InputError
from triverse_addon.api.flows import FLOWS, Kind
from triverse_addon.api.upload_checks import MAX_IMAGE_BYTES, MAX_MODEL_BYTES, check_image, check_model

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
GLB = b"glTF\x02\0\0\0\x0c\0\0\0"

# A good value of another kind than the default, for each field without a range.
SAMPLES: dict[str, object] = {
    "prompt": "a red fox",
    "negative_prompt": "fur",
    "model_version": "v2",
    "resolution": "1024x1024",
    "render_format": "PNG",
    "camera_angles": [0, 45.5],
    "preset_name": "front",
    "output_format": "obj",
}


def good_values(flow: flows.Flow) -> dict[str, object]:
    """A value for every field of a flow that is no file."""
    return {
        field.name: SAMPLES.get(field.name, field.minimum if field.minimum is not None else True)
        if field.kind is not Kind.CHOICE
        else field.choices[-1]
        for field in flow.params
    }


def refusal(flow: str, values: dict[str, object]) -> InputError:
    with pytest.raises(InputError) as caught:
        flows.check(flow, values)
    return caught.value


# -----------------------------------------------------------------------------
# The table


def test_the_table_has_every_flow_of_the_service() -> None:
    assert set(FLOWS) == set(service_flows.FLOWS)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_a_flow_is_described_for_people(flow: flows.Flow) -> None:
    names = [name for field in flow.fields for name in {field.name, *field.wire_names}]
    assert len(names) == len(set(names))
    for item in (flow, *flow.fields):
        assert item.label[0].isupper()
        # Blender writes the full stop after a tooltip itself.
        assert item.description[0].isupper()
        assert not item.description.endswith(".")
    assert any(field.required for field in flow.fields)
    if not all(field.documented for field in flow.fields):
        assert flow.experimental.endswith(".")


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_the_service_takes_what_the_table_offers(flow: flows.Flow) -> None:
    params = flows.check(flow.name, good_values(flow))
    sent = flows.request_params(flow.name, params, {field.name: "file-key" for field in flow.sources})
    json.dumps(sent, allow_nan=False)
    assert service_flows.check(flow.name, sent) == sent


@pytest.mark.parametrize("flow", FLOWS.values(), ids=list(FLOWS))
def test_defaults_and_limits_are_those_of_the_service(flow: flows.Flow) -> None:
    theirs = service_flows.FLOWS[flow.name]
    for field in flow.fields:
        if field.default is not None and field.name in theirs.defaults:
            assert theirs.defaults[field.name] == field.default
        for value in (field.minimum, field.maximum):
            if value is not None and field.name in theirs.checks:
                theirs.checks[field.name](field.name, value)
        for beyond in (field.minimum and field.minimum - 1, field.maximum and field.maximum + 1):
            if beyond is not None and field.name in theirs.checks:
                with pytest.raises(service_flows.Refused):
                    theirs.checks[field.name](field.name, beyond)


def test_both_names_of_the_prompt_are_known_and_sent() -> None:
    assert flows.check("text-to-texture", {"text_prompt": "old gold"}) == {"prompt": "old gold"}
    sent = flows.request_params("text-to-texture", {"prompt": "old gold"}, {"model_file": "k"})
    assert sent == {"prompt": "old gold", "text_prompt": "old gold", "model_file": "k"}
    assert flows.request_params("text-to-texture", sent) == sent
    assert flows.request_params("text-to-model", {"prompt": "a fox", "seed": 3}) == {"prompt": "a fox", "seed": 3}


# -----------------------------------------------------------------------------
# Values


def test_what_is_left_out_is_not_sent() -> None:
    values = {"prompt": " a fox ", "negative_prompt": "", "polygon_limit": None, "turbo": False, "texture_size": 2048}
    assert flows.check("text-to-model", values) == {"prompt": "a fox", "turbo": False, "texture_size": 2048}
    assert flows.check("image-to-model", {"image_file": "a.png", "turbo": None}) == {}


@pytest.mark.parametrize("text", ["\u200b" * 4, "\ufeff \u200b \u2060 x", "\u3164\u3164\u3164\u3164"])
def test_a_prompt_that_nobody_sees_is_too_short(text: str) -> None:
    with pytest.raises(InputError, match="at least 3 characters"):
        flows.check("text-to-model", {"prompt": text})
    assert flows.check("text-to-model", {"prompt": "cup" + text})["prompt"] == ("cup" + text).strip()


def test_texts_of_a_table_or_a_command_line_are_understood() -> None:
    values = {"prompt": "a fox", "polygon_limit": " 5000 ", "texture_size": 2048.0, "turbo": "Yes"}
    assert flows.check("text-to-model", values) == {
        "prompt": "a fox",
        "polygon_limit": 5000,
        "texture_size": 2048,
        "turbo": True,
    }
    values = {"render_mode": "CUSTOM", "camera_angles": "0, 45.5, top", "enable_rgb_render": 0}
    assert flows.check("model-preview-render", values) == {
        "render_mode": "custom",
        "camera_angles": [0, 45.5, "top"],
        "enable_rgb_render": False,
    }


@pytest.mark.parametrize(
    ("values", "field", "word"),
    [
        ({}, "prompt", "missing"),
        ({"prompt": "  "}, "prompt", "missing"),
        ({"prompt": "ab"}, "prompt", "3"),
        ({"prompt": 5}, "prompt", "text"),
        ({"prompt": "abc", "polygon_limit": 999}, "polygon_limit", "1,000"),
        ({"prompt": "abc", "polygon_limit": 1_500_001}, "polygon_limit", "1,500,000"),
        ({"prompt": "abc", "polygon_limit": 1000.5}, "polygon_limit", "whole"),
        ({"prompt": "abc", "polygon_limit": float("nan")}, "polygon_limit", "whole"),
        ({"prompt": "abc", "polygon_limit": float("inf")}, "polygon_limit", "whole"),
        ({"prompt": "abc", "polygon_limit": "many"}, "polygon_limit", "whole"),
        ({"prompt": "abc", "polygon_limit": "9" * 5000}, "polygon_limit", "whole"),
        ({"prompt": "abc", "polygon_limit": True}, "polygon_limit", "whole"),
        ({"prompt": "abc", "texture_size": [1024]}, "texture_size", "whole"),
        ({"prompt": "abc", "turbo": "perhaps"}, "turbo", "true"),
        ({"prompt": "abc", "turbo": 2}, "turbo", "true"),
        ({"prompt": "abc", "turbo": []}, "turbo", "true"),
        ({"prompt": "abc", "colour": "red"}, "colour", "colour"),
    ],
)
def test_what_is_refused_names_its_field(values: dict[str, object], field: str, word: str) -> None:
    error = refusal("text-to-model", values)
    assert error.field == field
    assert word in str(error)


# Of each kind of field: what none of them takes.
WRONG: dict[Kind, tuple[object, ...]] = {
    Kind.TEXT: (5, ["a"], b"a"),
    Kind.INT: (True, "many", 1000.5, float("nan"), -1, 10**9),
    Kind.BOOL: ("perhaps", 2, []),
    Kind.CHOICE: ("nothing", 5, []),
    Kind.LIST: ([{}], {}, [float("inf")], b"a"),
}


@pytest.mark.parametrize(
    ("flow", "field"),
    [(flow, field) for flow in FLOWS.values() for field in flow.fields],
    ids=lambda one: one.name,
)
def test_every_field_of_every_flow_refuses_what_it_cannot_take(
    flow: flows.Flow, field: flows.Field, tmp_path: Path
) -> None:
    if field.is_source:
        given = {field.name: file_with(tmp_path, field.name, b"nothing of use")}
        others = [one.name for one in flow.sources if one is not field]
        with pytest.raises(InputError) as caught:
            flows.check_sources(flow.name, given, elsewhere=others)
        refused = [caught.value]
    else:
        short = ("x" * (field.min_length - 1),) if field.min_length > 1 else ()
        refused = [refusal(flow.name, good_values(flow) | {field.name: value}) for value in WRONG[field.kind] + short]
    for error in refused:
        assert error.field == field.name
        assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"render_mode": "fisheye"}, "render_mode"),
        ({"camera_angles": [float("nan")]}, "camera_angles"),
        ({"camera_angles": [{}]}, "camera_angles"),
        ({"camera_angles": {}}, "camera_angles"),
    ],
)
def test_refused_choices_and_lists(values: dict[str, object], field: str) -> None:
    assert refusal("model-preview-render", values).field == field


def test_a_single_value_makes_a_list_of_one() -> None:
    assert flows.check("model-preview-render", {"camera_angles": 45}) == {"camera_angles": [45]}
    assert flows.check("model-preview-render", {"camera_angles": "nan"}) == {"camera_angles": ["nan"]}


def test_an_unknown_flow_is_refused_with_the_names_of_those_that_exist() -> None:
    error = refusal("text-to-gold", {})
    assert error.field == "flow"
    assert "text-to-model" in str(error)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


# Hypothesis measures time by itself, which tells of a busy machine only.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FLOWS)), st.data())
def test_whatever_is_given_is_checked_or_refused(name: str, data: st.DataObject) -> None:
    names = [field.name for field in FLOWS[name].fields]
    values = data.draw(st.dictionaries(st.sampled_from(names), ANYTHING))
    try:
        params = flows.check(name, values)
    except InputError as error:
        at_fault = error.field
    else:
        json.dumps(flows.request_params(name, params), allow_nan=False)
        return
    assert at_fault in names


# -----------------------------------------------------------------------------
# Files


def file_with(folder: Path, name: str, content: bytes, size_bytes: int | None = None) -> Path:
    path = folder / name
    path.write_bytes(content)
    if size_bytes is not None:
        with path.open("r+b") as stream:
            stream.truncate(size_bytes)  # sparse: takes no room
    return path


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp")],
)
def test_pictures_are_known_by_their_bytes(tmp_path: Path, content: bytes, content_type: str) -> None:
    assert check_image(file_with(tmp_path, "picture.txt", content)) == content_type


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.png", b"GIF89a" + b"\0" * 20), ("a.webp", b"RIFF\x10\0\0\0WAVEfmt "), ("a.jpg", b"hello"), ("a.bmp", b"BM12")],
)
def test_foreign_pictures_are_refused_whatever_they_are_called(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        check_image(file_with(tmp_path, name, content))
    assert caught.value.field == "image_file"
    assert "JPEG, PNG or WebP" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.glb", GLB, "model/gltf-binary"),
        ("a.obj", b"# Blender\nv 0 0 0\n", "model/obj"),
        ("a.fbx", b"Kaydara FBX Binary  \0", "application/octet-stream"),
        ("a.ply", b"ply\nformat ascii 1.0\n", "model/ply"),
        ("a.stl", b"\0" * 84, "model/stl"),
        ("a.usdz", b"PK\x03\x04" + bytes(22) + b"\x0a\0\0\0chair.usdc", "model/vnd.usdz+zip"),
    ],
)
def test_models_that_are_taken(tmp_path: Path, name: str, content: bytes, content_type: str) -> None:
    assert check_model(file_with(tmp_path, name, content)) == content_type


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.gltf", b'{"asset": {}}'), ("a.blend", b"BLENDER-v402"), ("a.obj", b"\0\0"), ("a.stl", b"x")],
)
def test_models_that_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InputError) as caught:
        check_model(file_with(tmp_path, name, content))
    assert ".glb" in str(caught.value)


@pytest.mark.parametrize(
    ("check", "head", "limit"), [(check_image, PNG, MAX_IMAGE_BYTES), (check_model, GLB, MAX_MODEL_BYTES)]
)
def test_files_that_cannot_be_sent(tmp_path: Path, check, head: bytes, limit: int) -> None:  # type: ignore[no-untyped-def]
    assert check(file_with(tmp_path, "full", head, limit))
    for path, word in (
        (tmp_path / "missing", "no file"),
        (tmp_path, "no file"),
        (file_with(tmp_path, "empty", b""), "empty"),
        (file_with(tmp_path, "large", head, limit + 1), str(limit // 1024**2)),
        (Path("a\0b"), "a"),
    ):
        with pytest.raises(InputError) as caught:
            check(path, field="front_image_file")
        assert caught.value.field == "front_image_file"
        assert word in str(caught.value)


def test_the_sources_of_a_flow(tmp_path: Path) -> None:
    picture, model = file_with(tmp_path, "a.png", PNG), file_with(tmp_path, "a.glb", GLB)
    assert flows.check_sources("texture-model", {"image_file": picture, "model_file": str(model)}) == {
        "image_file": "image/png",
        "model_file": "model/gltf-binary",
    }
    assert flows.check_sources("multiview-to-model", {"front_image_file": picture, "left_image_file": ""}) == {
        "front_image_file": "image/png"
    }
    for sources, field in (
        ({"image_file": picture}, "model_file"),
        ({"image_file": model, "model_file": model}, "image_file"),
        ({"image_file": picture, "model_file": model, "hat_file": model}, "hat_file"),
    ):
        with pytest.raises(InputError) as caught:
            flows.check_sources("texture-model", sources)
        assert caught.value.field == field


def test_a_price_can_be_asked_for_before_there_is_a_prompt() -> None:
    for flow in FLOWS.values():
        assert flows.check(flow.name, {}, partial=True) == {}
    assert flows.check("text-to-model", {"prompt": "ab", "turbo": True}, partial=True) == {"turbo": True}
    with pytest.raises(InputError) as caught:
        flows.check("text-to-model", {"polygon_limit": 5}, partial=True)
    assert caught.value.field == "polygon_limit"
