# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the files of an asset library from GLBs, and contact sheets: the script of a batch's child Blender.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.library_writer``
starts it as a script. It imports the modules of its folder as plain modules, because the add-on is not loaded in the
child. It runs one job after another.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from . import (
        asset_collection,
        blend_file,
        exporters,
        gltf_import,
        job_loop,
        preview_reading,
        preview_render,
        thumbnail,
    )
    from .job_format import AssetInput, AssetOutput, Job, SheetInput, SheetOutput, TrialInput, TrialOutput
else:
    import asset_collection
    import blend_file
    import exporters
    import gltf_import
    import job_loop
    import preview_reading
    import preview_render
    import thumbnail
    from job_format import AssetInput, AssetOutput, Job, SheetInput, SheetOutput, TrialInput, TrialOutput


def work(job: Job[AssetInput | SheetInput | TrialInput]) -> None:
    """
    Run one job and write the result.

    :param job: the job that :class:`child.library_writer.ChildAssetWriter` wrote.
    :raises gltf_import.RefusedError: the model cannot be imported or processed.
    :raises OSError: a file cannot be written.
    """
    gltf_import.need_numpy()
    scene = job_loop.next_empty_file()
    # Blender must not write to the library itself: it would follow a symbolic link that was planted there.
    scratch = Path(job.result_path).with_suffix(".files")
    scratch.mkdir()
    output: AssetOutput | SheetOutput | TrialOutput
    try:
        if isinstance(job.input, TrialInput):
            output = _try_out(job.input, scene, scratch)
        elif isinstance(job.input, SheetInput):
            output = _write_sheets(job.input, scratch)
        else:
            output = _write_asset(job.input, scene, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    job_loop.write_result(job, output)


# These modules import numpy. They are imported only now, so that a missing numpy is reported as the result of the job.


def _try_out(given: TrialInput, scene: bpy.types.Scene, scratch: Path) -> TrialOutput:
    if TYPE_CHECKING:
        from . import library_trial
    else:
        import library_trial
    return library_trial.run(given, scene, scratch)


def _write_sheets(given: SheetInput, scratch: Path) -> SheetOutput:
    if TYPE_CHECKING:
        from . import contact_sheet
    else:
        import contact_sheet
    target = Path(given.target_stem)
    drawn = contact_sheet.draw(given.tiles, scratch / target.name)
    for path in drawn:
        _replace(path, target.with_name(path.name))
    return SheetOutput(tuple(str(target.with_name(path.name)) for path in drawn))


def _write_asset(given: AssetInput, scene: bpy.types.Scene, scratch: Path) -> AssetOutput:
    if TYPE_CHECKING:
        from . import post_process
    else:
        import post_process
    picture = scratch / "thumbnail.png"
    small: thumbnail.Small | None = None
    if given.preview_path:
        preview_reading.begin(Path(given.preview_path))

    def read_preview() -> None:
        nonlocal small
        if given.preview_path:
            small = preview_reading.try_read(Path(given.preview_path), picture)

    collection, missing = asset_collection.import_glb(
        given.glb_path,
        scene,
        given.name,
        merge=given.post.merge,
        smooth_deg=given.post.smooth_deg,
        meanwhile=read_preview,
    )
    tags = [*given.tags, "Incomplete"] if missing.meshes else given.tags
    extra = post_process.work(collection, given.post)
    _, triangles = asset_collection.count(collection)
    if given.post.hull:
        post_process.add_hull(collection)
    bpy.data.orphans_purge(do_recursive=True)
    asset_collection.pack_images()
    _mark(given, collection, tags)
    for level, lod in enumerate(extra, 1):
        _mark(given, lod, [*tags, f"LOD{level}"], {asset_collection.LEVEL: level})
    made: dict[str, Path] = {}
    was_read = small is not None
    if small is None and given.may_draw:
        small = _draw(collection, picture)
    if small is not None:
        made["thumbnail"] = picture
        for shown in (collection, *extra):
            small.show(shown)
    lacking: dict[str, str] = {}
    for kind in given.post.exports:
        try:
            made |= exporters.export(kind, collection, extra, given.stem, scratch)
        except gltf_import.RefusedError as error:
            # The model was paid for, so a failed export does not prevent the other files.
            lacking[kind] = error.detail
    made["blend"] = scratch / f"{given.stem}.blend"
    blend_file.write(made["blend"], scene)
    output = AssetOutput(_move_to_library(given, made), triangles, lacking, missing)
    # The next model needs no file to be loaded first. Exporters and renderers may change more than data-blocks.
    if was_read and not given.post.exports:
        job_loop.leave_only_data()
    return output


def _mark(
    given: AssetInput, collection: bpy.types.Collection, tags: Sequence[str], more: Mapping[str, int] | None = None
) -> None:
    asset_collection.mark_asset(
        collection,
        properties={**given.properties, **(more or {})},
        tags=tags,
        description=given.description,
        catalog_id=given.catalog_id,
        license_note=str(given.properties.get("triverse_license", "")),
    )


def _draw(collection: bpy.types.Collection, target: Path) -> thumbnail.Small | None:
    """Render the model, and write the thumbnail of that to ``target``; return it, or None if that is not possible."""
    drawn = target.with_name("render.png")
    return thumbnail.try_read(drawn, target) if preview_render.try_draw(collection, drawn) else None


def _move_to_library(given: AssetInput, made: Mapping[str, Path]) -> dict[str, str]:
    """
    Move the files ``made`` into the library, in their order.

    The .blend is the last one, so if it exists, all files do.

    :return: paths relative to the library, by kind.
    """
    library = Path(given.library)
    files: dict[str, str] = {}
    for kind, path in made.items():
        inside = f"{given.thumbnails}/{given.stem}.png" if kind == "thumbnail" else path.name
        target = library / inside
        if target.parent.is_symlink():
            raise OSError(0, f"{target.parent} is a link")
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, target)
        if target.is_dir():
            inside = f"{inside}/{inside.removesuffix('-obj')}.obj"
        files[kind] = inside
    return files


def _replace(path: Path, target: Path) -> None:
    """
    Move a file or folder to ``target``, which is replaced. It may come from another file system.

    A file is replaced atomically. A folder is missing for a moment, because no system replaces folders atomically.
    """
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        try:
            os.replace(path, part)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, part)
        if part.is_dir() and os.path.lexists(target):
            old = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
            os.replace(target, old)
            _remove(old)
        os.replace(part, target)
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    # mypy takes the union of all inputs for the type of these three.
    job_loop.serve(work, AssetInput, SheetInput, TrialInput, for_others=True)  # type: ignore[arg-type]
