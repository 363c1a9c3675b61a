# SPDX-License-Identifier: GPL-3.0-or-later
"""
The classes of flows and fields, and the fields that several flows share.

Ground floor; any thread; no ``bpy``. They are named tuples, since register() makes them: frozen dataclasses of as many
fields take a millisecond longer to make.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]


class Kind(StrEnum):
    """Type of a field's value."""

    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    CHOICE = "choice"
    IMAGE = "image"
    """An image file. It is uploaded, and the request contains its file key."""
    MODEL = "model"
    """A model file, uploaded in the same way."""
    LIST = "list"
    """A list of words or numbers."""


class Field(NamedTuple):
    """One field of a flow's request."""

    name: str
    kind: Kind
    label: str
    description: str
    required: bool = False
    default: JSON = None
    """The service's default if nothing is sent; None if it is not documented."""
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    """For CHOICE: the allowed values. For TEXT: common values; any other is allowed."""
    numbers: tuple[int, ...] = ()
    """For CHOICE: the number of each choice in .blend files. See :attr:`Flow.number`."""
    min_length: int = 0
    priced: bool = False
    """Whether the price may depend on the value."""
    documented: bool = True
    sent_as: tuple[str, ...] = ()
    """Names in the request if they differ from `name` or there are several. `check` accepts these names too."""

    @property
    def is_source(self) -> bool:
        """Whether the value is a file that has to be uploaded first."""
        return self.kind in (Kind.IMAGE, Kind.MODEL)

    @property
    def wire_names(self) -> tuple[str, ...]:
        """Names of the field in the request."""
        return self.sent_as or (self.name,)


class Flow(NamedTuple):
    """One kind of task: ``POST /tasks/<name>``."""

    name: str
    number: int
    """Identifies the flow in .blend files. It must be small, because an enum menu of Blender 4.3 passes it as a 32-bit
    float, which is exact up to 2**24 only. Never reuse it for another flow, not even when this one is removed.
    """
    label: str
    description: str
    fields: tuple[Field, ...]
    textured: bool
    """Whether the result is a model with textures."""
    experimental: str = ""
    """Why this flow may not work as expected; empty if it is fully documented."""
    yields_model: bool = True
    """Whether the result is a model; otherwise it is images or a text."""

    @property
    def sources(self) -> tuple[Field, ...]:
        """Fields whose value is a file."""
        return tuple(field for field in self.fields if field.is_source)

    @property
    def params(self) -> tuple[Field, ...]:
        """Fields whose value is not a file."""
        return tuple(field for field in self.fields if not field.is_source)

    def field(self, name: str) -> Field:
        """
        Return the field with this name, or with this name in the request.

        :raises KeyError: the flow has no such field.
        """
        for field in self.fields:
            if name == field.name or name in field.sent_as:
                return field
        raise KeyError(name)


# -----------------------------------------------------------------------------
# Fields that several flows share


PROMPT = Field(
    name="prompt",
    kind=Kind.TEXT,
    label="Prompt",
    description="What to make, in your own words. At least 3 characters",
    required=True,
    min_length=3,
)
#: The names under which the service has a task's prompt.
PROMPT_NAMES = (PROMPT.name, "text_prompt")
NEGATIVE_PROMPT = Field(
    name="negative_prompt",
    kind=Kind.TEXT,
    label="Negative Prompt",
    description="What the model should not have",
)
IMAGE_FILE = Field(
    name="image_file",
    kind=Kind.IMAGE,
    label="Picture",
    description="A JPEG, PNG or WebP picture of up to 50 MB, best of one object in front of a plain background",
    required=True,
)
MODEL_FILE = Field(
    name="model_file",
    kind=Kind.MODEL,
    label="Model",
    description="The model to work on, as a glTF Binary (.glb) or OBJ file of up to 200 MB",
    required=True,
)
MODEL_VERSION = Field(
    name="model_version",
    kind=Kind.TEXT,
    label="Model Version",
    description="Version of the service's own model. Leave it as it is unless Triverse names another one",
    default="v2",
    choices=("v2",),
    min_length=1,
    priced=True,
)
POLYGON_LIMIT = Field(
    name="polygon_limit",
    kind=Kind.INT,
    label="Polygon Limit",
    description="Largest number of triangles the model may have",
    default=1_000_000,
    minimum=1_000,
    maximum=1_500_000,
    priced=True,
)
TEXTURE_SIZE = Field(
    name="texture_size",
    kind=Kind.INT,
    label="Texture Size",
    description="Width and height of the textures in pixels",
    default=1024,
    minimum=1024,
    maximum=4096,
    priced=True,
)
TURBO = Field(
    name="turbo",
    kind=Kind.BOOL,
    label="Turbo",
    description="Ready sooner, with less detail",
    default=False,
    priced=True,
)


#: How the format of a conversion may be called in the service's answers, which are not documented.
_FORMAT_NAMES = ("output_format", "target_format", "format")


def yields_glb(flow: Flow, values: Mapping[str, object]) -> bool:
    """
    Return whether a task with these values produces a GLB, the only format that can be imported into a scene.

    :param values: of a request, or as the service repeats those of a task that was made elsewhere.
    """
    return flow.yields_model and output_format(values) in ("", "glb")


def output_format(values: Mapping[str, object]) -> str:
    """Return the file format that a conversion was asked for, in small letters and without a dot; "" if none was."""
    found = next((value for name in _FORMAT_NAMES if isinstance(value := values.get(name), str)), "")
    return found.strip().lower().removeprefix(".")


def prompt_of(values: Mapping[str, object]) -> str:
    """Return the prompt among the settings of a task, as it is there; "" if it has none."""
    for name in PROMPT_NAMES:
        if isinstance(text := values.get(name), str) and text.strip():
            return text
    return ""
