# SPDX-License-Identifier: GPL-3.0-or-later
"""
The jobs that are passed to a child Blender, and the results that it returns. See ``job_json`` for their JSON.

Floor: second. Thread: any (immutable). No ``bpy``, and nothing of this package: both ends import this module, the child
as a plain module.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

#: Command line argument, instead of the path of a job file, that makes the child read paths of job files from standard
#: input, one per line.
JOBS_ON_STDIN = "-"
#: The same for a child that waits for the path of a single job file, and exits after that job.
ONE_JOB_ON_STDIN = "1"
#: Name of a file for such a child, whose path may come before that of the job: an :class:`ExpectedInput`.
EXPECTED = "expected.json"
#: Suffixes of files by which such a child says that it has begun its job (next to the job file), and that the answer is
#: complete (next to the result file).
BEGUN, DONE = ".begun", ".done"


# -----------------------------------------------------------------------------
# Parts


@dataclass(frozen=True, slots=True)
class Processing:
    """What is done with a model; the fields are those of ``tasks.record.processing.Processing``."""

    cleanup: bool = False
    decimate: int = 0
    height_m: float = 0.0
    ground: bool = False
    lods: int = 0
    hull: bool = False
    exports: tuple[str, ...] = ()
    merge: bool = False
    smooth_deg: int = 0


@dataclass(frozen=True, slots=True)
class SheetTile:
    """
    One model on a contact sheet.

    :ivar picture: path of its thumbnail; None if there is none.
    :ivar caption: lines of text below it.
    """

    picture: str | None
    caption: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """
    What a file declares and the importer did not create.

    :ivar meshes: number of meshes that are missing, lack a whole primitive, or have no extent although they should.
    :ivar of_meshes: number of meshes declared in the file.
    :ivar triangles: number of triangles that are missing.
    :ivar of_triangles: number of triangles declared in the file.
    :ivar pictures: names of images that cannot be read.
    """

    meshes: int = 0
    of_meshes: int = 0
    triangles: int = 0
    of_triangles: int = 0
    pictures: tuple[str, ...] = ()


# -----------------------------------------------------------------------------
# Inputs


@dataclass(frozen=True, slots=True)
class ConvertInput:
    """
    Convert a GLB to a .blend: ``convert_worker``. All paths are absolute.

    :ivar glb_path: the model.
    :ivar preview_path: the service's image of it; None to render one.
    :ivar blend_path: the .blend to write.
    :ivar thumbnail_path: the thumbnail to write.
    :ivar name: name of the collection.
    :ivar properties: custom properties of the collection.
    :ivar tags: asset tags.
    :ivar catalog_id: UUID of the asset catalog.
    :ivar unit_m: length of a unit of the scene that the model is for, in metres.
    :ivar frames_per_s: frame rate of that scene.
    :ivar post: what is done with the model, without exports.
    """

    glb_path: str
    preview_path: str | None
    blend_path: str
    thumbnail_path: str
    name: str
    properties: dict[str, str | int | float]
    tags: tuple[str, ...]
    catalog_id: str
    unit_m: float
    frames_per_s: float
    post: Processing


@dataclass(frozen=True, slots=True)
class ExpectedInput:
    """
    Files of the next job, for a ``convert_worker`` that waits for it. It has no output. All paths are absolute.

    :ivar part_path: the model, while it is downloaded; None if the child must not open it.
    :ivar preview_path: the service's image of it, complete; None if there is none.
    """

    part_path: str | None
    preview_path: str | None


@dataclass(frozen=True, slots=True)
class AssetInput:
    """
    Write one model into an asset library: ``library_worker``. For the fields not listed, see :class:`ConvertInput`.

    :ivar library: folder of the library.
    :ivar thumbnails: name of the folder in it for the thumbnails.
    :ivar stem: name of the files without suffix.
    :ivar description: the asset's description.
    :ivar post: what is done with the model.
    :ivar may_draw: whether a thumbnail may be rendered.
    """

    glb_path: str
    preview_path: str | None
    library: str
    thumbnails: str
    stem: str
    name: str
    properties: dict[str, str | int | float]
    tags: tuple[str, ...]
    description: str
    catalog_id: str
    post: Processing
    may_draw: bool


@dataclass(frozen=True, slots=True)
class SheetInput:
    """
    Draw contact sheets: ``library_worker``.

    :ivar target_stem: path of the sheets without number and suffix.
    :ivar tiles: the models.
    """

    target_stem: str
    tiles: tuple[SheetTile, ...]


@dataclass(frozen=True, slots=True)
class TrialInput:
    """
    Test what writing a library needs: ``library_worker``.

    :ivar exports: formats to test, see ``exporters``.
    :ivar may_draw: whether to test rendering.
    """

    exports: tuple[str, ...]
    may_draw: bool


@dataclass(frozen=True, slots=True)
class PrepareInput:
    """
    Convert a source to a file that the service accepts: ``prepare_worker``.

    :ivar kind: "image" or "model".
    :ivar source_path: the source.
    :ivar target_stem: path of the file to write, without suffix.
    :ivar max_bytes: greatest size of that file.
    :ivar max_edge_px: greatest length of the longer side of an image.
    """

    kind: str
    source_path: str
    target_stem: str
    max_bytes: int
    max_edge_px: int


@dataclass(frozen=True, slots=True)
class PixelsInput:
    """
    Write pictures as pixels that can be shown without decoding: ``pixels_worker``.

    :ivar picture_path: the picture; None to render the model.
    :ivar blend_path: the converted model, if a picture is not given.
    :ivar views: number of views around the model.
    :ivar target_stem: path of the files to write, without number and suffix.
    :ivar max_edge_px: greatest length of the longer side.
    """

    picture_path: str | None
    blend_path: str
    views: int
    target_stem: str
    max_edge_px: int


Input = ConvertInput | ExpectedInput | AssetInput | SheetInput | TrialInput | PrepareInput | PixelsInput

# -----------------------------------------------------------------------------
# Outputs


@dataclass(frozen=True, slots=True)
class ConvertOutput:
    """
    The result for :class:`ConvertInput`.

    :ivar collection_name: name of the collection in the .blend.
    :ivar objects: number of its objects.
    :ivar triangles: number of their triangles.
    :ivar missing: what was not imported.
    :ivar blend_sha256: SHA-256 of the .blend, as hexadecimal digits.
    :ivar thumbnail: whether there is a thumbnail.
    """

    collection_name: str
    objects: int
    triangles: int
    missing: Missing
    blend_sha256: str
    thumbnail: bool


@dataclass(frozen=True, slots=True)
class AssetOutput:
    """
    The result for :class:`AssetInput`.

    :ivar files: paths of the files relative to the library, by kind.
    :ivar triangles: number of triangles of the model.
    :ivar lacking: format that could not be exported -> Blender's error message.
    :ivar missing: what was not imported.
    """

    files: dict[str, str]
    triangles: int
    lacking: dict[str, str]
    missing: Missing


@dataclass(frozen=True, slots=True)
class SheetOutput:
    """The result for :class:`SheetInput`: the paths of the sheets."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialOutput:
    """
    The result for :class:`TrialInput`.

    :ivar lacking: format that cannot be exported -> Blender's error message, "" if there is no exporter.
    :ivar can_draw: whether rendering works; True if it was not tested.
    """

    lacking: dict[str, str]
    can_draw: bool


@dataclass(frozen=True, slots=True)
class PrepareOutput:
    """The result for :class:`PrepareInput`: the name of the file."""

    name: str


@dataclass(frozen=True, slots=True)
class PixelsOutput:
    """The result for :class:`PixelsInput`: the names of the files, in order."""

    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """
    The result of a job that failed.

    :ivar kind: kind of the error, see ``gltf_import.RefusedError``; also "disk", and "no_room" for a full one.
    :ivar detail: message of Blender or of the system, "" if there is none.
    """

    kind: str
    detail: str


Output = ConvertOutput | AssetOutput | SheetOutput | TrialOutput | PrepareOutput | PixelsOutput | Refused

InputT = TypeVar("InputT", bound=Input)
OutputT = TypeVar("OutputT", bound=Output)


@dataclass(frozen=True, slots=True)
class Job(Generic[InputT]):
    """
    A job file.

    :ivar input: what to do.
    :ivar result_path: path of the file for the result.
    :ivar memory_bytes: limit of the child's address space.
    """

    input: InputT
    result_path: str
    memory_bytes: int
