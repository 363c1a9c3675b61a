# SPDX-License-Identifier: GPL-3.0-or-later
"""
Observe Blender's glTF importer through the hooks that it provides for other add-ons.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING or __package__:
    from . import geometry, gltf_fill, picture_proof
    from .job_format import Missing
else:
    import geometry
    import gltf_fill
    import picture_proof
    from job_format import Missing


def _declared(primitive: Any, accessors: list[Any]) -> tuple[int, bool]:
    """
    Return the number of triangles that a primitive declares, and whether its declared bounds have an extent.

    :param primitive: primitive of a glTF mesh.
    :param accessors: accessors of the file.
    """
    place = (primitive.attributes or {}).get("POSITION")
    if place is None or not 0 <= place < len(accessors):
        return 0, False
    positions = accessors[place]
    count = positions.count if primitive.indices is None else accessors[primitive.indices].count
    mode = 4 if primitive.mode is None else primitive.mode
    triangles = {4: count // 3, 5: max(0, count - 2), 6: max(0, count - 2)}.get(mode, 0)
    low, high = positions.min or [], positions.max or []
    return triangles, any(upper > lower for lower, upper in zip(low, high, strict=False))


def _has_extent(mesh: bpy.types.Mesh) -> bool:
    first = mesh.vertices[0].co.copy() if mesh.vertices else None
    return any(vertex.co != first for vertex in mesh.vertices)


def _embedded(picture: Any, gltf: Any) -> memoryview | None:
    """
    Return the bytes of a picture that lies in the file's own buffer, without a copy of them; None if it does not.

    :param picture: image of the file.
    :param gltf: the importer's state.
    """
    try:
        view = gltf.data.buffer_views[picture.buffer_view]
        if view.buffer != 0 or view.extensions or gltf.data.buffers[0].uri is not None or gltf.glb_buffer is None:
            return None
        start = view.byte_offset or 0
        data = memoryview(gltf.glb_buffer)[start : start + view.byte_length]
    except (AttributeError, IndexError, TypeError):
        return None
    return data if len(data) == view.byte_length and data.contiguous and data.itemsize == 1 else None


class _Name(str):
    """A string with a given hash, by which its position in a set is controlled."""

    __slots__ = ("_number",)

    def __new__(cls, text: str, number: int) -> "_Name":
        name = super().__new__(cls, text)
        name._number = number
        return name

    def __hash__(self) -> int:
        return self._number

    __eq__ = str.__eq__


class ImportObserver:
    """
    A "user extension" of the importer (since 3.6), which is called at each step of an import.

    :param fill: fills large meshes; None to leave them to the importer.
    :ivar others: the objects of nodes that do not belong to the default scene.
    """

    def __init__(self, fill: "gltf_fill.MeshFill | None" = None) -> None:
        self._fill = fill
        self.others: set[bpy.types.Object] = set()
        self._numbers: dict[int, int] = {}
        self._reached: set[int] = set()
        self._has_default = False
        self._declared: dict[int, list[tuple[int, bool]]] = {}
        """Index of a mesh -> for each of its primitives, (triangles, whether it has an extent), as declared."""
        self._meshes: dict[int, int] = {}
        """``id()`` of a mesh of the file -> its index."""
        self._made: dict[int, tuple[int, bool]] = {}
        """Index of a mesh -> (triangles, whether nothing declared is missing), as imported."""
        self.variants: list[str] = []
        """Names of the file's material variants."""
        self._pictures: list[tuple[str, bpy.types.Image | None, picture_proof.Proof | None]] = []
        self._proofs: dict[int, picture_proof.Proof] = {}
        """``id()`` of a picture of the file -> its proof."""

    def gather_import_gltf_before_hook(self, gltf: Any) -> None:
        """Find the nodes of the default scene, the material variants, and what the meshes of all nodes declare."""
        nodes = gltf.data.nodes or []
        self._numbers = {id(node): number for number, node in enumerate(nodes)}
        self._has_default = gltf.data.scene is not None
        if self._has_default:
            ahead = list(gltf.data.scenes[gltf.data.scene].nodes or [])
            while ahead:
                number = ahead.pop()
                if number not in self._reached:
                    self._reached.add(number)
                    ahead.extend(nodes[number].children or [])
        variants = (gltf.data.extensions or {}).get("KHR_materials_variants", {}).get("variants", [])
        self.variants = [str(variant.get("name", number)) for number, variant in enumerate(variants)]
        if not __package__:
            for picture in gltf.data.images or []:
                data = _embedded(picture, gltf)
                if data is not None and picture_proof.is_png(data):
                    self._proofs[id(picture)] = picture_proof.Proof(data)
        meshes = gltf.data.meshes or []
        self._meshes = {id(mesh): number for number, mesh in enumerate(meshes)}
        for number in {node.mesh for node in nodes if node.mesh is not None and node.mesh < len(meshes)}:
            self._declared[number] = [
                _declared(primitive, gltf.data.accessors or []) for primitive in meshes[number].primitives or []
            ]
        if self._fill is not None:
            self._fill.prepare(gltf)

    def gather_import_mesh_after_hook(self, gltf_mesh: Any, blender_mesh: Any, gltf: Any) -> None:
        """Fill a mesh that the importer made as a stub, and compare it with what the file declares."""
        if self._fill is not None:
            self._fill.fill(gltf_mesh, blender_mesh, gltf)
        number = self._meshes[id(gltf_mesh)]
        declared = self._declared.get(number, [])
        triangles = geometry.triangles_of(blender_mesh)
        lost = sum(one for one, _ in declared) - triangles
        parts = [one for one, _ in declared if one]
        # The importer leaves out degenerate and duplicate triangles. The mesh is incomplete only if as many as those of
        # a whole primitive are missing, or all.
        is_whole = not parts or (triangles > 0 and (lost <= 0 or len(parts) == 1 or lost < min(parts)))
        if any(has_extent for _, has_extent in declared):
            is_whole = is_whole and _has_extent(blender_mesh)
        before = self._made.get(number)
        # A mesh of the file may become several in Blender, with different skins. It is complete only if all are.
        self._made[number] = (triangles, is_whole and (before is None or before[1]))

    def gather_import_image_after_hook(self, gltf_img: Any, blender_image: Any, gltf: Any) -> None:
        """Record the name of an image of the file, and what it became."""
        proof = self._proofs.get(id(gltf_img))
        packed = blender_image.packed_file if blender_image is not None else None
        if packed is None or (proof is not None and packed.size != proof.size_bytes):
            proof = None
        elif proof is None and not __package__:
            proof = picture_proof.Proof(packed.data)
        self._pictures.append((str(gltf_img.name or getattr(blender_image, "name", "")), blender_image, proof))

    def missing(self) -> Missing:
        """
        Return what the file declares and the importer did not create. Call it after the import.

        This decodes the images, which would otherwise be done when they are first drawn. The child, where nothing is
        drawn, decodes only those of which it is not certain otherwise that Blender can read them.
        """
        pictures = []
        for name, image, proof in self._pictures:
            if proof is not None and proof.is_proven():
                continue
            if image is None or not min(image.size):
                pictures.append("".join(char for char in name if char.isprintable())[:60])
            elif not __package__:
                # In the child, free the decoded image: memory is short, and the .blend gets the encoded bytes.
                image.buffers_free()
        of_triangles = sum(one for parts in self._declared.values() for one, _ in parts)
        return Missing(
            meshes=sum(not self._made.get(number, (0, False))[1] for number in self._declared),
            of_meshes=len(self._declared),
            triangles=max(0, of_triangles - sum(triangles for triangles, _ in self._made.values())),
            of_triangles=of_triangles,
            pictures=tuple(pictures),
        )

    def gather_import_mesh_before_hook(self, gltf_mesh: Any, gltf: Any) -> None:
        """
        Replace the names of custom attributes by strings whose hashes keep them in order.

        This works around a bug of the importer up to 5.0: it collects the attributes' data in the order of the file,
        but their names in a set. The order of that set depends on the strings' hashes, which differ in each process. So
        data got wrong names, or the import failed where the types differ. Names with ascending hashes keep the order of
        the file in a set.
        """
        if self._fill is not None:
            self._fill.reached(gltf_mesh)
        names: dict[str, _Name] = {}
        for primitive in gltf_mesh.primitives:
            compressed = (primitive.extensions or {}).get("KHR_draco_mesh_compression", {}).get("attributes")
            for attributes in (primitive.attributes, compressed):
                if attributes is None:
                    continue
                for name, value in list(attributes.items()):
                    del attributes[name]
                    is_custom = name.startswith(("_", "KHR_"))
                    attributes[names.setdefault(name, _Name(name, len(names))) if is_custom else name] = value

    def gather_import_node_after_hook(self, vnode: Any, gltf_node: Any, blender_object: Any, gltf: Any) -> None:
        """Add the object of a node that does not belong to the default scene to :attr:`others`."""
        if self._has_default and not self._is_reached(vnode, gltf_node, gltf):
            self.others.add(blender_object)

    def _is_reached(self, vnode: Any, gltf_node: Any, gltf: Any) -> bool:
        if gltf_node is not None:
            return self._numbers[id(gltf_node)] in self._reached
        # A skinned mesh that is moved to its armature, away from a node that stays (animated, or with children).
        if vnode.mesh_node_idx is not None:
            return vnode.mesh_node_idx in self._reached
        # An object that the importer adds (a mesh next to its camera, instances, an armature) belongs to the node above
        # it or, if there is none, to the nodes below it.
        above = vnode.parent
        while above is not None and not isinstance(above, int):
            above = gltf.vnodes[above].parent
        if above is not None:
            return above in self._reached
        ahead = list(vnode.children)
        while ahead:
            below = ahead.pop()
            if isinstance(below, int):
                if below in self._reached:
                    return True
            else:
                ahead.extend(gltf.vnodes[below].children)
        return False
