# SPDX-License-Identifier: GPL-3.0-or-later
"""
The table of flows and their fields, used by the panel, the command line, validation and a table of the docs.

Ground floor; any thread; no ``bpy``.

Labels and descriptions are in English and are translated by the ui. What the public documentation does not describe is
marked: a field with ``documented=False``, a flow with the reason in ``experimental``. A value of None is never sent, so
that the service's own default applies.

``register()`` makes properties of the table. What only checks need, such as decimal numbers and the kinds of files, is
imported by the checks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from .errors import InputError
from .fields import (
    IMAGE_FILE,
    JSON,
    MODEL_FILE,
    MODEL_VERSION,
    NEGATIVE_PROMPT,
    POLYGON_LIMIT,
    PROMPT,
    PROMPT_NAMES,
    TEXTURE_SIZE,
    TURBO,
    Field,
    Flow,
    Kind,
    output_format,
    yields_glb,
)
from .sentence import Sentence
from .urls import clean

__all__ = [
    "FLOWS",
    "JSON",
    "Field",
    "Flow",
    "Kind",
    "check",
    "check_sources",
    "flow_named",
    "output_format",
    "priced_params",
    "request_params",
    "yields_glb",
]

_OLDER_PAGES_ONLY = "Only older pages of the documentation describe it, so the service may refuse it."
_FIELDS_NOT_PUBLIC = "The service has it, but its settings are not documented, so the service may refuse them."


def _guess(field: Field, **changes: object) -> Field:
    """Return a copy of ``field`` with changes, marked as not documented for the current flow."""
    return field._replace(documented=False, **changes)  # type: ignore[arg-type]


def _view(side: str, label: str, required: bool = False) -> Field:
    return _guess(
        IMAGE_FILE,
        name=f"{side}_image_file",
        label=label,
        description="A JPEG, PNG or WebP picture of up to 50 MB that shows the object from this side",
        required=required,
    )


# -----------------------------------------------------------------------------
# The table

_TABLE = (
    Flow(
        name="text-to-model",
        number=1,
        label="Text to Model",
        description="Makes a textured model from words",
        fields=(PROMPT, NEGATIVE_PROMPT, POLYGON_LIMIT, TEXTURE_SIZE, TURBO),
        textured=True,
    ),
    Flow(
        name="image-to-model",
        number=2,
        label="Image to Model",
        description="Makes a textured model from a picture",
        fields=(IMAGE_FILE, MODEL_VERSION, POLYGON_LIMIT, TEXTURE_SIZE, TURBO),
        textured=True,
    ),
    Flow(
        name="multiview-to-model",
        number=3,
        label="Multiview to Model",
        description="Makes a textured model from pictures of several sides",
        fields=(
            _view("front", "Front View", required=True),
            _view("left", "Left View"),
            _view("back", "Back View"),
            _view("right", "Right View"),
            _guess(MODEL_VERSION),
            _guess(POLYGON_LIMIT),
            _guess(TEXTURE_SIZE),
            _guess(TURBO),
        ),
        textured=True,
        experimental=_FIELDS_NOT_PUBLIC,
    ),
    Flow(
        name="text-to-mesh",
        number=4,
        label="Text to Mesh",
        description="Makes a model without textures from words",
        fields=(PROMPT, NEGATIVE_PROMPT, POLYGON_LIMIT, TURBO),
        textured=False,
        experimental=_OLDER_PAGES_ONLY,
    ),
    Flow(
        name="image-to-mesh",
        number=5,
        label="Image to Mesh",
        description="Makes a model without textures from a picture",
        fields=(_guess(IMAGE_FILE), _guess(MODEL_VERSION), _guess(POLYGON_LIMIT), _guess(TURBO)),
        textured=False,
        experimental=_OLDER_PAGES_ONLY,
    ),
    Flow(
        name="texture-model",
        number=6,
        label="Texture from Image",
        description="Gives a model new textures after a picture",
        fields=(IMAGE_FILE, MODEL_FILE, MODEL_VERSION, POLYGON_LIMIT, TEXTURE_SIZE),
        textured=True,
    ),
    Flow(
        name="text-to-texture",
        number=7,
        label="Texture from Text",
        description="Gives a model new textures after words",
        fields=(
            MODEL_FILE,
            # The pages disagree on the name. Sending both works with either, as long as the service ignores unknown
            # names, which the rest of its documentation suggests.
            _guess(PROMPT, description="What the textures should look like", sent_as=PROMPT_NAMES),
            _guess(MODEL_VERSION),
            _guess(POLYGON_LIMIT),
            _guess(TEXTURE_SIZE),
        ),
        textured=True,
        experimental="The documentation contradicts itself on its settings, so the service may refuse them.",
    ),
    Flow(
        name="model-preview-render",
        number=8,
        label="Render Previews",
        description="Renders pictures of a model",
        fields=(
            MODEL_FILE,
            Field(
                name="render_mode",
                kind=Kind.CHOICE,
                label="Render Mode",
                description="How the camera angles are chosen",
                default="basic",
                choices=("basic", "multi_angle", "custom", "preset"),
                numbers=(1, 2, 3, 4),
            ),
            Field(
                name="image_count",
                kind=Kind.INT,
                label="Pictures",
                description="How many pictures are rendered",
                default=3,
                minimum=1,
                maximum=10,
                priced=True,
            ),
            Field(
                name="resolution",
                kind=Kind.TEXT,
                label="Resolution",
                description="Width and height of the pictures in pixels, such as 2048x2048",
                default="2048x2048",
                choices=("1024x1024", "2048x2048"),
                min_length=3,
                priced=True,
            ),
            Field(
                name="render_format",
                kind=Kind.TEXT,
                label="Format",
                description="File format of the pictures",
                default="PNG",
                choices=("PNG",),
                min_length=1,
            ),
            Field(
                name="enable_rgb_render",
                kind=Kind.BOOL,
                label="Render Colors",
                description="Render the model with its colors",
            ),
            Field(
                name="enable_white_render",
                kind=Kind.BOOL,
                label="Render White",
                description="Render the model in plain white",
            ),
            Field(
                name="camera_angles",
                kind=Kind.LIST,
                label="Camera Angles",
                description="Camera angles for the custom render mode, separated by commas",
            ),
            Field(
                name="preset_name",
                kind=Kind.TEXT,
                label="Preset",
                description="Name of the service's preset for the preset render mode",
                min_length=1,
            ),
        ),
        textured=False,
        yields_model=False,
    ),
    Flow(
        name="model-remesh",
        number=9,
        label="Remesh Model",
        description="Rebuilds the mesh of a model with fewer polygons",
        fields=(_guess(MODEL_FILE), _guess(POLYGON_LIMIT)),
        textured=False,
        experimental=_FIELDS_NOT_PUBLIC,
    ),
    Flow(
        name="convert-model-format",
        number=10,
        label="Convert Format",
        description="Converts a model to another file format",
        fields=(
            _guess(MODEL_FILE),
            Field(
                name="output_format",
                kind=Kind.TEXT,
                label="Format",
                description="File format of the result. Only glb can be imported",
                default="glb",
                choices=("glb", "obj", "fbx", "stl", "usdz"),
                min_length=1,
                documented=False,
            ),
        ),
        textured=False,
        experimental=_FIELDS_NOT_PUBLIC,
    ),
    Flow(
        name="image-generation",
        number=11,
        label="Image from Text",
        description="Makes a picture from words",
        fields=(_guess(PROMPT), _guess(NEGATIVE_PROMPT)),
        textured=False,
        experimental=_FIELDS_NOT_PUBLIC,
        yields_model=False,
    ),
    Flow(
        name="prompt-optimization",
        number=12,
        label="Improve Prompt",
        description="Rewrites a prompt so that it describes more",
        fields=(_guess(PROMPT),),
        textured=False,
        experimental=_FIELDS_NOT_PUBLIC,
        yields_model=False,
    ),
)

FLOWS: Mapping[str, Flow] = MappingProxyType({flow.name: flow for flow in _TABLE})
"""All flows by name, in the order in which they are shown."""


# -----------------------------------------------------------------------------
# Checks


def flow_named(name: str) -> Flow:
    """
    Return the flow with this name.

    :raises InputError: (field ``flow``) there is no such flow.
    """
    try:
        return FLOWS[name]
    except KeyError:
        raise InputError(
            Sentence.of(
                "There is no flow named {name}. Choose one of: {names}.", name=clean(name, 60), names=", ".join(FLOWS)
            ),
            field="flow",
        ) from None


def check(flow_name: str, values: Mapping[str, object], *, partial: bool = False) -> dict[str, JSON]:
    """
    Return the checked values of a flow by their field names, without sources and without values of None.

    Numbers and switches may be given as text, as read from a CSV file or a command line. An empty text counts as None.

    :param partial: for a price quote: required values may be missing, and incomplete values are left out.
    :raises InputError: (the field's name) a value is unknown, missing, of the wrong type, out of range, or too short.
    """
    from .field_values import check_value

    flow = flow_named(flow_name)
    checked: dict[str, JSON] = {}
    for name, value in values.items():
        try:
            field = flow.field(name)
        except KeyError:
            raise InputError(
                Sentence.of("{flow} has no setting {name}.", flow=flow.name, name=clean(name, 60)), field=name
            ) from None
        if field.is_source or value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            checked[field.name] = check_value(field, value)
        except InputError:
            if not (partial and field.required):
                raise
    for field in flow.params:
        if field.required and field.name not in checked and not partial:
            raise InputError(Sentence.of("{field} is missing.", field=field.label), field=field.name)
    return checked


def check_sources(
    flow_name: str, sources: Mapping[str, str | Path], *, elsewhere: Collection[str] = ()
) -> dict[str, str]:
    """
    Return the content type of each source file of a flow, after checking the file.

    :param sources: paths by field name; empty ones count as missing.
    :param elsewhere: names of fields that are given in another way, and so are not missing.
    :raises InputError: (the field's name) a file is unknown, missing, unreadable, empty, too large, or of another
        format.
    """
    from .upload_checks import check_image, check_model

    flow = flow_named(flow_name)
    given = {name: path for name, path in sources.items() if str(path).strip()}
    for name in given:
        if name not in {field.name for field in flow.sources}:
            raise InputError(
                Sentence.of("{flow} takes no file as {name}.", flow=flow.name, name=clean(name, 60)), field=name
            )
    types: dict[str, str] = {}
    for field in flow.sources:
        if field.name in given:
            look = check_image if field.kind is Kind.IMAGE else check_model
            types[field.name] = look(given[field.name], field=field.name)
        elif field.required and field.name not in elsewhere:
            raise InputError(Sentence.of("{field} is missing.", field=field.label), field=field.name)
    return types


def priced_params(flow_name: str, params: Mapping[str, JSON]) -> dict[str, JSON]:
    """
    Return those of ``params`` on which a flow's price may depend.

    :raises InputError: (field ``flow``) there is no such flow.
    """
    priced = {field.name for field in flow_named(flow_name).params if field.priced}
    return {name: value for name, value in params.items() if name in priced}


def request_params(
    flow_name: str, params: Mapping[str, JSON], file_keys: Mapping[str, str] = MappingProxyType({})
) -> dict[str, JSON]:
    """
    Return the parameters to send: checked ``params`` and uploaded ``file_keys`` under their names in the request.

    Unknown names are kept unchanged, and the function is idempotent.

    :raises InputError: (field ``flow``) there is no such flow.
    """
    flow = flow_named(flow_name)
    sent: dict[str, JSON] = {}
    for name, value in {**params, **file_keys}.items():
        try:
            names = flow.field(name).wire_names
        except KeyError:
            names = (name,)
        sent.update(dict.fromkeys(names, value))
    return sent
