# SPDX-License-Identifier: GPL-3.0-or-later
"""
The capabilities of a Blender's glTF importer, as plain values.

Floor: first. Thread: any (immutable). No ``bpy``: ``scene.host.gltf_abilities`` reads them from the running Blender.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GltfReader:
    """
    The importer of one Blender.

    :ivar extensions: the extensions that a file may require, from the importer's own list.
    :ivar lacking: those of them whose decoder library is missing in this Blender.
    :ivar blender: its version, major and minor.
    """

    extensions: frozenset[str]
    lacking: frozenset[str] = frozenset()
    blender: tuple[int, int] = (4, 2)

    @property
    def decoded(self) -> frozenset[str]:
        """The extensions that are supported and whose decoder is available."""
        return self.extensions - self.lacking


#: The capabilities of every Blender since 4.2. Used where no Blender is running, as on the command line.
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
