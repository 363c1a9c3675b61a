# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs in the bpy module for ``demo.py``: light, floor and camera for the models of a file, and a picture of them.

No floor (development only). Main thread. Imports ``bpy``. Arguments: the .blend, which is saved again; the PNG.
"""

import math
import sys

import bpy
from mathutils import Vector

WIDTH, HEIGHT = 960, 540
#: With Blender's denoiser at its fastest, more are hardly seen: 12 and its best took three times as long.
SAMPLES = 6
#: From the models to the camera and to the sun.
VIEW = Vector((0.35, -1.0, 0.55)).normalized()
SUN = Vector((-0.5, -0.6, 1.0)).normalized()


def main(blend: str, picture: str) -> None:
    """Make the scene, save it, render it."""
    bpy.ops.wm.open_mainfile(filepath=blend)
    scene = bpy.context.scene
    bpy.context.view_layer.update()
    corners = [
        obj.matrix_world @ Vector(corner) for obj in scene.objects if obj.type == "MESH" for corner in obj.bound_box
    ]
    low, high = Vector(map(min, *corners)), Vector(map(max, *corners))
    centre = (low + high) / 2
    add_floor(scene, centre, low.z, (high - low).length)
    add_light(scene)
    add_camera(scene, centre, corners)
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.denoising_quality = scene.cycles.denoising_prefilter = "FAST"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.image_settings.file_format = "PNG"
    bpy.context.preferences.filepaths.save_version = 0  # no demo.blend1 beside it
    bpy.ops.wm.save_mainfile()
    scene.render.filepath = picture
    bpy.ops.render.render(write_still=True)


def add_floor(scene: bpy.types.Scene, centre: Vector, height: float, size: float) -> None:
    """A grey floor under the models."""
    mesh = bpy.data.meshes.new("Floor")
    reach = size * 6
    square = [(-reach, -reach, 0), (reach, -reach, 0), (reach, reach, 0), (-reach, reach, 0)]
    mesh.from_pydata(square, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Floor")
    material.diffuse_color = (0.6, 0.62, 0.65, 1.0)
    if material.node_tree is None:  # Blender before 5.0
        material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (0.6, 0.62, 0.65, 1.0)
    mesh.materials.append(material)
    floor = bpy.data.objects.new("Floor", mesh)
    floor.location = (centre.x, centre.y, height)
    scene.collection.objects.link(floor)


def add_light(scene: bpy.types.Scene) -> None:
    """A sun and a bright sky."""
    light = bpy.data.lights.new("Sun", "SUN")
    light.energy, light.angle = 3.0, math.radians(8)
    sun = bpy.data.objects.new("Sun", light)
    sun.rotation_euler = SUN.to_track_quat("Z", "Y").to_euler()
    scene.collection.objects.link(sun)
    world = bpy.data.worlds.new("Sky")
    if world.node_tree is None:
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.82, 0.9, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.6
    scene.world = world


def add_camera(scene: bpy.types.Scene, centre: Vector, corners: list[Vector]) -> None:
    """A camera that has all ``corners`` in view, with a margin."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    turn = VIEW.to_track_quat("Z", "Y")
    camera.rotation_euler = turn.to_euler()
    half_width = math.tan(camera.data.angle / 2) / 1.1
    half_height = half_width * HEIGHT / WIDTH
    distance = 0.0
    for corner in corners:
        # As the camera sees it: x to the right, y up, z towards the camera.
        seen = turn.inverted() @ (corner - centre)
        distance = max(distance, seen.z + abs(seen.x) / half_width, seen.z + abs(seen.y) / half_height)
    camera.location = centre + VIEW * distance
    scene.collection.objects.link(camera)
    scene.camera = camera


main(*sys.argv[1:3])
