# SPDX-License-Identifier: GPL-3.0-or-later
"""
What one Blender's glTF importer reads, as plain values.

Floor: first. Thread: any (immutable). No ``bpy``: ``scene.gltf_abilities`` asks the Blender at hand.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GltfReader:
    """
    One Blender's importer.

    :ivar extensions: that a file may require, from the importer's own list.
    :ivar lacking: of these, whose decoder is a library that this Blender came without.
    :ivar blender: its version, major and minor.
    """

    extensions: frozenset[str]
    lacking: frozenset[str] = frozenset()
    blender: tuple[int, int] = (4, 2)

    @property
    def decoded(self) -> frozenset[str]:
        """The extensions that are read, and can be."""
        return self.extensions - self.lacking


#: What every Blender since 4.2 reads: taken where none can be asked, as by the command line without Blender.
ANY_BLENDER = GltfReader(
    frozenset(
        {
            "EXT_mesh_gpu_instancing",
            "EXT_texture_webp",
            "KHR_animation_pointer",
            "KHR_draco_mesh_compression",
            "KHR_lights_punctual",
            "KHR_materials_anisotropy",
            "KHR_materials_clearcoat",
            "KHR_materials_emissive_strength",
            "KHR_materials_ior",
            "KHR_materials_pbrSpecularGlossiness",
            "KHR_materials_sheen",
            "KHR_materials_specular",
            "KHR_materials_transmission",
            "KHR_materials_unlit",
            "KHR_materials_variants",
            "KHR_materials_volume",
            "KHR_mesh_quantization",
            "KHR_texture_transform",
        }
    )
)
