# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that Blender holds, and chosen objects, as files; and that nothing of the user's changes by it."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from mathutils import Euler, Matrix, Vector

from tests.blender import fresh, glbs
from tests.blender.test_prepare import pixel, size
from triverse_addon.scene.capture import image_sources, selection, tga, viewport
from triverse_addon.scene.host.errors import SceneError

pytestmark = pytest.mark.usefixtures("fresh_file")


def paint(name: str = "Paint", *, is_float: bool = False, colour=(0.5, 0.25, 0.125, 0.5)) -> bpy.types.Image:
    image = bpy.data.images.new(name, 8, 4, alpha=True, float_buffer=is_float)
    image.pixels.foreach_set(list(colour) * 32)
    return image


def state(image: bpy.types.Image) -> tuple:
    return (image.source, image.is_dirty, image.filepath, image.file_format, image.packed_file, tuple(image.pixels[:4]))


# -----------------------------------------------------------------------------
# Image data-blocks


def test_a_picture_with_a_file_of_its_own_is_that_file(tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "p.png", 8, 4)
    assert image_sources.from_image(bpy.data.images.load(str(path)), tmp_path / "own") == path
    assert not (tmp_path / "own").exists()


def test_a_relative_path_is_that_of_its_file(tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "p.png", 8, 4)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "room.blend"))
    image = bpy.data.images.load(str(path))
    image.filepath = "//p.png"
    assert image_sources.from_image(image, tmp_path / "own") == path


@pytest.mark.parametrize(("file_format", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp")])
def test_a_packed_picture_is_written_byte_for_byte(tmp_path: Path, file_format: str, suffix: str) -> None:
    path = glbs.picture(tmp_path / f"p{suffix}", 8, 4, file_format)
    # Its name tells nothing then: packed pictures of a GLB have none.
    image = bpy.data.images.load(str(path))
    image.pack()
    image.filepath = ""
    data = path.read_bytes()
    path.unlink()
    found = image_sources.from_image(image, tmp_path / "own")
    assert found.suffix == suffix
    assert found.read_bytes() == data


@pytest.mark.parametrize("is_float", [False, True])
def test_a_painted_picture_is_written_as_it_looks_and_stays_unsaved(tmp_path: Path, is_float: bool) -> None:
    # A float picture is linear and premultiplied.
    colour = (0.25, 0.125, 0.0, 0.5) if is_float else (0.5, 0.25, 0.125, 0.5)
    image = paint(is_float=is_float, colour=colour)
    before = state(image)
    scenes = list(bpy.data.scenes)
    found = image_sources.from_image(image, tmp_path / "own")
    assert state(image) == before
    assert list(bpy.data.scenes) == scenes
    assert pixel(found) == ([188, 137, 0, 128] if is_float else [128, 64, 32, 128])
    assert size(found) == (8, 4)


@pytest.mark.parametrize("kind", [{"tiled": True}, {"stereo3d": True}])
def test_of_several_tiles_or_views_the_first_is_written(kind: dict[str, bool], tmp_path: Path) -> None:
    image = bpy.data.images.new("Paint", 4, 2, alpha=True, **kind)
    image.pixels.foreach_set([0.8, 0.4, 0.2, 1.0] * 8)
    written = bpy.data.images.load(str(image_sources.from_image(image, tmp_path)))
    assert tuple(written.size) == (4, 2)
    assert list(written.pixels[:4]) == pytest.approx([0.8, 0.4, 0.2, 1.0], abs=0.01)


def test_a_picture_that_was_painted_over_is_not_its_file(tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "p.png", 8, 4)
    image = bpy.data.images.load(str(path))
    image.pixels.foreach_set([1.0, 0.0, 0.0, 1.0] * 32)
    found = image_sources.from_image(image, tmp_path / "own")
    assert found != path
    assert pixel(found) == [255, 0, 0, 255]
    assert pixel(path) != [255, 0, 0, 255]


def test_the_colours_of_the_scene_change_nothing(tmp_path: Path) -> None:
    bpy.context.scene.view_settings.exposure = 3.0
    assert pixel(image_sources.from_image(paint(), tmp_path / "own")) == [128, 64, 32, 128]


def test_two_pictures_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    assert len({image_sources.from_image(paint(), tmp_path / "own") for _ in range(2)}) == 2


def test_a_picture_whose_file_is_gone_is_told(tmp_path: Path) -> None:
    path = glbs.picture(tmp_path / "p.png", 8, 4)
    image = bpy.data.images.load(str(path))
    path.unlink()
    image.reload()
    with pytest.raises(SceneError, match=r"has no pixels\. Its file may be missing"):
        image_sources.from_image(image, tmp_path / "own")


def test_a_movie_is_refused(tmp_path: Path) -> None:
    image = paint("Clip")
    image.source = "MOVIE"
    with pytest.raises(SceneError, match="Clip is a movie"):
        image_sources.from_image(image, tmp_path / "own")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")
    with pytest.raises(SceneError, match="cannot be written"):
        image_sources.from_image(paint(), tmp_path / "own")


# -----------------------------------------------------------------------------
# The last render


@pytest.fixture
def rendered(tmp_path: Path) -> bpy.types.Scene:
    """A scene that was rendered, and written by Blender to still.png."""
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 1
    scene.render.resolution_x, scene.render.resolution_y = 32, 16
    scene.world = bpy.data.worlds.new("World")
    if bpy.app.version < (5, 0):
        scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.5, 0.25, 0.125, 1.0)
    scene.render.filepath = str(tmp_path / "still.png")
    bpy.ops.render.render(write_still=True)
    return scene


def test_the_last_render_is_written_as_it_looks(rendered: bpy.types.Scene, tmp_path: Path) -> None:
    settings = rendered.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGB", "32"
    found = image_sources.last_render(rendered, tmp_path / "own")
    assert size(found) == (32, 16)
    still = pixel(tmp_path / "still.png")
    assert pixel(found) == pytest.approx(still, abs=1)
    assert (settings.file_format, settings.color_mode, settings.color_depth) == ("OPEN_EXR", "RGB", "32")
    rendered.view_settings.exposure = 1.0
    assert pixel(image_sources.last_render(rendered, tmp_path / "own"))[2] > still[2] + 10


def test_the_data_block_of_the_render_is_the_last_render(rendered: bpy.types.Scene, tmp_path: Path) -> None:
    result = next(image for image in bpy.data.images if image.type == "RENDER_RESULT")
    still = pixel(tmp_path / "still.png")
    assert pixel(image_sources.from_image(result, tmp_path / "own")) == pytest.approx(still, abs=1)


def test_without_a_render_it_is_told(tmp_path: Path) -> None:
    if any(image.type == "RENDER_RESULT" for image in bpy.data.images):
        bpy.data.images.remove(next(image for image in bpy.data.images if image.type == "RENDER_RESULT"))
    with pytest.raises(SceneError, match="Nothing was rendered yet"):
        image_sources.last_render(bpy.context.scene, tmp_path / "own")


def test_a_render_without_pixels_is_told_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save_render(_path: str, *, scene: bpy.types.Scene) -> None:
        raise RuntimeError("Fehler: kein Puffer")

    shown = SimpleNamespace(type="RENDER_RESULT", save_render=save_render)
    monkeypatch.setattr(image_sources, "bpy", SimpleNamespace(data=SimpleNamespace(images=[shown])))
    with pytest.raises(SceneError, match="Nothing was rendered yet"):
        image_sources.last_render(bpy.context.scene, tmp_path / "own")
    assert list((tmp_path / "own").iterdir()) == []


@pytest.mark.parametrize("room_bytes", [0, 20, 2000])
def test_a_full_disk_is_told_and_not_a_missing_render(
    rendered: bpy.types.Scene, tmp_path: Path, room_bytes: int
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, before[1]))
    try:
        with pytest.raises(SceneError, match="cannot be written to"):
            image_sources.last_render(rendered, tmp_path / "own")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "own").iterdir()) == []


# -----------------------------------------------------------------------------
# The viewport and the clipboard, as far as they go without a window


def test_a_viewport_without_a_window_is_told(tmp_path: Path) -> None:
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    shown = area.spaces.active.overlay.show_overlays
    with pytest.raises(SceneError, match="without a window"):
        viewport.capture_viewport(area, bpy.context.scene, bpy.context.view_layer, tmp_path / "own")
    assert area.spaces.active.overlay.show_overlays == shown


def scene_of_many(count: int, every: int) -> list[bpy.types.Object]:
    """Objects of which one in so many is hidden, unselectable, lights, or in a hidden collection; return three."""
    mesh = bpy.data.meshes.new("Part")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    scene, layer = bpy.context.scene, bpy.context.view_layer
    shown, away = bpy.data.collections.new("Shown"), bpy.data.collections.new("Away")
    for home in (shown, away):
        scene.collection.children.link(home)
    for at in range(count):
        data = bpy.data.lights.new("Lamp", "POINT") if at % every == 7 else mesh
        (away if at % every == 3 else shown).objects.link(bpy.data.objects.new(f"part_{at}", data))
    layer.update()
    for at, obj in enumerate(layer.objects):
        if at % every in (1, 3):
            obj.hide_set(True)
        if at % every in (1, 2, 7):
            obj.hide_select = True
        obj.select_set(at % 3 == 0)
    layer.layer_collection.children["Away"].hide_viewport = True
    layer.update()
    kept = [obj for obj in shown.objects if obj.select_get()][:3]
    layer.objects.active = kept[0]
    return kept


@pytest.mark.parametrize("has_operators", [True, False])
def test_a_picture_alone_leaves_all_as_it_was(has_operators: bool) -> None:
    kept, layer = scene_of_many(500, 50), bpy.context.view_layer

    def shown() -> set[str]:
        return {obj.name for obj in layer.objects if obj.visible_get()}

    def all_states() -> dict[str, tuple[bool, ...]]:
        return {obj.name: (obj.hide_get(), obj.select_get(), obj.visible_get()) for obj in layer.objects}

    before = all_states()
    lamps = {obj.name for obj in layer.objects if obj.type == "LIGHT" and obj.visible_get()}
    with bpy.context.temp_override(area=a_viewport()) if has_operators else contextlib.nullcontext():
        assert viewport._has_operators() == has_operators
        with viewport._hidden_rest(layer, kept):
            assert shown() == {obj.name for obj in kept} | lamps
    assert all_states() == before
    assert layer.objects.active == kept[0]


def a_viewport() -> bpy.types.Area:
    return next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")


def test_a_tga_of_ours_is_read_as_it_was_meant(tmp_path: Path) -> None:
    red, green, blue, white = b"\xff\0\0\xff", b"\0\xff\0\xff", b"\0\0\xff\xff", b"\xff\xff\xff\xff"
    path = tmp_path / "p.tga"
    path.write_bytes(tga.encode(2, 2, tga.without_alpha(red + green + blue + white)))
    assert size(path) == (2, 2)
    assert [pixel(path, at) for at in range(4)] == [
        [255, 0, 0, 255],
        [0, 255, 0, 255],
        [0, 0, 255, 255],
        [255, 255, 255, 255],
    ]


# -----------------------------------------------------------------------------
# Chosen objects


def chosen_file(objects: list[bpy.types.Object], tmp_path: Path) -> tuple[list[bpy.types.Object], selection.Replaced]:
    """Write objects and read the file again, into a file that holds nothing else."""
    path, replaced = selection.write(objects, tmp_path / "own")
    fresh.empty_file()
    with bpy.data.libraries.load(str(path)) as (inside, wanted):
        assert not inside.materials
        assert not inside.images
        assert not inside.scenes
        wanted.objects = inside.objects
    return list(wanted.objects), replaced


def corners(objects: list[bpy.types.Object]) -> tuple[list[float], list[float]]:
    points = [obj.matrix_basis @ vertex.co for obj in objects for vertex in obj.data.vertices]
    return list(map(min, *points)), list(map(max, *points))


def test_what_is_chosen_is_what_has_a_surface_the_active_first() -> None:
    first, second, nothing = glbs.sphere("A"), glbs.sphere("B"), glbs.empty("C")
    for obj in (first, second, nothing):
        obj.select_set(True)
    bpy.context.view_layer.objects.active = second
    assert selection.chosen(bpy.context) == [second, first]
    second.select_set(False)
    assert selection.chosen(bpy.context) == [first]
    assert selection.triangles([first, second]) == 2 * glbs.SPHERE_TRIANGLES


def test_it_is_written_as_it_stands_less_the_place_of_the_first(tmp_path: Path) -> None:
    parent = glbs.empty("Parent", (1.0, 1.0, 1.0))
    parent.scale = (1.0, 1.0, 4.0)
    ball = glbs.sphere("Ball", (2.0, 0.0, 0.0), parent, glbs.textured())
    ball.rotation_euler = Euler((0.0, 0.7, 0.0))
    other = glbs.sphere("Other", (13.0, 1.0, 1.0))
    bpy.context.view_layer.update()
    world = ball.matrix_world.copy()
    true = [world @ vertex.co - world.translation for vertex in ball.data.vertices]
    true += [vertex.co + Vector((13.0, 1.0, 1.0)) - world.translation for vertex in other.data.vertices]
    low, high = list(map(min, *true)), list(map(max, *true))
    objects, replaced = chosen_file([ball, other], tmp_path)
    assert len(objects) == 2
    assert corners(objects) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))
    assert replaced.names == ("Ball", "Other")
    assert replaced.low == pytest.approx(low, abs=1e-5)
    assert replaced.high == pytest.approx(high, abs=1e-5)
    assert Matrix([replaced.matrix[at : at + 4] for at in range(0, 16, 4)]) == world


def test_modifiers_and_texture_coordinates_are_in_it(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball", material=glbs.textured())
    ball.modifiers.new("More", "SUBSURF").levels = 1
    bpy.context.view_layer.update()
    count = len(ball.data.polygons)
    ((written,), _) = chosen_file([ball], tmp_path)
    assert len(written.data.polygons) > 3 * count
    assert len(written.data.uv_layers) == 1
    assert not written.modifiers


def test_text_and_curves_are_meshes_in_it(tmp_path: Path) -> None:
    text = bpy.data.objects.new("Text", bpy.data.curves.new("Text", "FONT"))
    bpy.context.scene.collection.objects.link(text)
    text.data.body = "Hello"
    bpy.context.view_layer.update()
    ((written,), _) = chosen_file([text], tmp_path)
    assert written.type == "MESH"
    assert written.data.polygons


def test_edits_in_progress_are_in_it_and_go_on(tmp_path: Path) -> None:
    import bmesh

    ball = glbs.sphere("Ball")
    bpy.context.view_layer.objects.active = ball
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(ball.data)
    bmesh.ops.scale(edited, vec=(5.0, 5.0, 5.0), verts=edited.verts)
    assert selection.chosen(bpy.context) == [ball]
    _, replaced = selection.write([ball], tmp_path / "own")
    assert replaced.high[2] == pytest.approx(5.0)
    assert ball.mode == "EDIT"


def test_nothing_of_it_stays_in_the_file(tmp_path: Path) -> None:
    ball = glbs.sphere("Ball")
    bpy.context.view_layer.update()
    names = [name for name in dir(bpy.data) if isinstance(getattr(bpy.data, name), bpy.types.bpy_prop_collection)]
    before = {name: list(getattr(bpy.data, name)) for name in names}
    selection.write([ball], tmp_path / "own")
    assert {name: list(getattr(bpy.data, name)) for name in names} == before
    assert ball.name == "Ball"


def test_what_has_no_faces_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    bare = bpy.data.objects.new("Bare", bpy.data.meshes.new("Bare"))
    bpy.context.scene.collection.objects.link(bare)
    bpy.context.view_layer.update()
    with pytest.raises(SceneError, match="have no faces"):
        selection.write([bare], tmp_path / "own")
    assert list(bpy.data.meshes) == [bare.data]
    assert not (tmp_path / "own").exists()


def test_what_shows_only_instances_and_bare_curves_is_told_what_helps(tmp_path: Path) -> None:
    parent = bpy.data.objects.new("Points", bpy.data.meshes.new("Points"))
    parent.data.from_pydata([(0, 0, 0), (5, 0, 0)], [], [])
    parent.instance_type = "VERTS"
    bpy.context.scene.collection.objects.link(parent)
    glbs.sphere("Ball", parent=parent)
    curve = bpy.data.objects.new("Line", bpy.data.curves.new("Line", "CURVE"))
    curve.data.splines.new("POLY").points.add(1)
    bpy.context.scene.collection.objects.link(curve)
    bpy.context.view_layer.update()
    for obj in (parent, curve):
        with pytest.raises(SceneError, match="Make instances real, and give curves a thickness"):
            selection.write([obj], tmp_path / "own")


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")
    ball = glbs.sphere("Ball")
    bpy.context.view_layer.update()
    with pytest.raises(SceneError, match="cannot be written"):
        selection.write([ball], tmp_path / "own")
    assert list(bpy.data.meshes) == [ball.data]
