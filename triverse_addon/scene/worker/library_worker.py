# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the files of an asset library from GLBs, and contact sheets: the script of a batch's child Blender.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.library_writer``
starts it as a script. It imports the modules of its folder as plain modules, because the add-on is not loaded in the
child. It runs one job after another.
"""

import dataclasses
import errno
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import asset_collection
import blend_file
import bpy
import exporters
import gltf_import
import gltf_watch
import job_loop
import preview_render
import thumbnail

_log = logging.getLogger("library_worker")


def work(job: dict) -> None:
    """
    Run one job and write the result.

    :param job: the job that :class:`child.library_writer.ChildAssetWriter` wrote.
    :raises gltf_import.RefusedError: the model cannot be imported or processed.
    :raises OSError: a file cannot be written.
    """
    # These modules import numpy. Import them only now, so that a missing numpy is reported as the result of the job.
    gltf_import.need_numpy()
    import contact_sheet
    import library_trial

    scene = _fresh_file()
    if job["kind"] == "trial":
        job_loop.write_result(job, lacking=library_trial.run(job, scene))
    elif job["kind"] == "sheet":
        _write_sheets(job, contact_sheet.draw)
    else:
        _write_asset(job, scene)


def _fresh_file() -> bpy.types.Scene:
    """Load an empty file, which removes everything of the previous job. Preferences and add-ons stay loaded."""
    bpy.ops.wm.read_homefile(app_template="", use_empty=True, use_factory_startup=True)
    return blend_file.begin()


def _write_asset(job: dict, scene: bpy.types.Scene) -> None:
    import post_process  # here, because it imports numpy

    scratch = Path(job["result_path"]).with_suffix(".files")
    scratch.mkdir()
    try:
        collection, missing = _model(job, scene)
        tags = [*job["tags"], "Incomplete"] if missing.meshes else job["tags"]
        extra = post_process.work(collection, job["post"])
        _, triangles = asset_collection.count(collection)
        if job["post"].get("hull"):
            post_process.add_hull(collection)
        bpy.data.orphans_purge(do_recursive=True)
        for problem in asset_collection.pack_images():
            _log.warning("%s", problem)
        _mark(job, collection, tags)
        for level, lod in enumerate(extra, 1):
            _mark(job, lod, [*tags, f"LOD{level}"], {"triverse_lod": level})
        made: dict[str, Path] = {}
        picture = _picture(job, collection, scratch / "thumbnail.png")
        if picture is not None:
            made["thumbnail"] = picture
            for lod in extra:
                _preview(picture, lod)
        lacking = {}
        for kind in job["post"].get("exports", ()):
            try:
                made |= exporters.export(kind, collection, extra, job["stem"], scratch)
            except gltf_import.RefusedError as error:
                # The model was paid for, so a failed export does not prevent the other files.
                lacking[kind] = error.detail
        made["blend"] = scratch / f"{job['stem']}.blend"
        blend_file.write(made["blend"], scene)
        files = _move_to_library(job, made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    answer = {"lacking": lacking, "missing": dataclasses.asdict(missing)}
    job_loop.write_result(job, files=files, triangles=triangles, **answer)


def _write_sheets(job: dict, draw: Callable[[dict], list[str]]) -> None:
    """
    Render contact sheets to a temporary folder and move them into the library.

    Blender must not write to the library itself: it would follow a symbolic link that was planted there.
    """
    target = Path(job["target_stem"])
    scratch = Path(job["result_path"]).with_suffix(".files")
    scratch.mkdir()
    try:
        drawn = [Path(path) for path in draw({**job, "target_stem": str(scratch / target.name)})]
        for path in drawn:
            _replace(path, target.with_name(path.name))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    job_loop.write_result(job, files=[str(target.with_name(path.name)) for path in drawn])


def _model(job: dict, scene: bpy.types.Scene) -> tuple[bpy.types.Collection, gltf_watch.Missing]:
    made = gltf_import.read(job["glb_path"])
    collection = asset_collection.collect(made.shown, made.others, job["name"])
    asset_collection.store_variants(collection, made.variants)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    return collection, made.missing


def _mark(job: dict, collection: bpy.types.Collection, tags: list[str], more: Mapping[str, int] | None = None) -> None:
    asset_collection.mark_asset(
        collection, properties={**job["properties"], **(more or {})}, tags=tags, description=job["description"]
    )
    data = collection.asset_data
    data.license = job["properties"].get("triverse_license", "")
    if job["catalog_id"]:
        data.catalog_id = job["catalog_id"]


def _picture(job: dict, collection: bpy.types.Collection, target: Path) -> Path | None:
    """Make preview and thumbnail from the service's image, or from a render. Return ``target``, or None if neither."""
    if job["preview_path"] and _preview(Path(job["preview_path"]), collection, target):
        return target
    if not job["may_draw"]:
        return None
    drawn = target.with_name("render.png")
    try:
        preview_render.draw(collection, drawn)
    except preview_render.CannotDrawError as error:
        _log.warning("No rendered preview: %s", error)
        return None
    return target if _preview(drawn, collection, target) else None


def _preview(picture: Path, collection: bpy.types.Collection, target: Path | None = None) -> bool:
    try:
        thumbnail.make(picture, target, collection)
    except thumbnail.PictureError as error:
        _log.warning("No thumbnail: %s", error)
        return False
    return True


def _move_to_library(job: dict, made: Mapping[str, Path]) -> dict[str, str]:
    """
    Move the files ``made`` into the library, in their order.

    The .blend is the last one, so if it exists, all files do.

    :return: paths relative to the library, by kind.
    """
    library = Path(job["library"])
    files: dict[str, str] = {}
    for kind, path in made.items():
        inside = f"{job['thumbnails']}/{job['stem']}.png" if kind == "thumbnail" else path.name
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
    job_loop.serve(work, for_others=True)
