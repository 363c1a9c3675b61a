# SPDX-License-Identifier: GPL-3.0-or-later
"""
Detects the format of an image file by its first bytes, regardless of its name.

Ground floor; any thread; no ``bpy``.
"""

from __future__ import annotations

import re

#: Number of bytes needed for detection.
HEAD_BYTES = 512

#: Formats that the service accepts, and their content types.
TAKEN = {"JPEG": "image/jpeg", "PNG": "image/png", "WebP": "image/webp"}
#: Formats that some Blender version reads, and the file extension by which Blender lists its support.
SUFFIX_OF = {
    "AVIF": ".avif",
    "BMP": ".bmp",
    "Cineon": ".cin",
    "DDS": ".dds",
    "DPX": ".dpx",
    "JPEG": ".jpg",
    "JPEG 2000": ".jp2",
    "OpenEXR": ".exr",
    "PNG": ".png",
    "PSD": ".psd",
    "Radiance HDR": ".hdr",
    "SGI": ".sgi",
    "TIFF": ".tif",
    "WebP": ".webp",
}

_BEGINNINGS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"\x80\x2a\x5f\xd7", "Cineon"),
    (b"DDS ", "DDS"),
    (b"\x01\xda\x00", "SGI"),
    (b"\x01\xda\x01", "SGI"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIU\0", "camera raw"),
    (b"IIRO", "camera raw"),
    (b"IIRS", "camera raw"),
    (b"MMOR", "camera raw"),
    (b"gimp xcf", "GIMP"),
    (b"\xabKTX", "KTX"),
    (b"\0\0\1\0", "ICO"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\x1aE\xdf\xa3", "video"),
)
#: Brands in the first box of files in ISO base media format (ISO/IEC 14496-12, 23008-12).
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "camera raw",
}


def picture_kind(head: bytes) -> str:
    """
    Return the name of the image format that begins with ``head``; "" for other or unknown data.

    :param head: the first :data:`HEAD_BYTES` of the file, or all of it.
    """
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "camera raw" if head[8:10] == b"CR" else "TIFF"
    if head[:4] == b"RIFF":
        return "WebP" if head[8:12] == b"WEBP" else "video" if head[8:11] == b"AVI" else ""
    if head[:2] == b"BM" and len(head) >= 18 and head[6:10] == bytes(4) and head[14:18] in _BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp":
        return _of_media(head)
    if head[:4] == b"PK\x03\x04":
        return "Krita" if b"application/x-krita" in head else "OpenRaster" if b"image/openraster" in head else ""
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<[?!a-zA-Z]", head):
        return "SVG" if b"<svg" in head else "web page"
    return ""


#: Possible sizes of a BMP's second header, which follows the first 14 bytes.
_BMP_HEADERS = frozenset(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))


def _of_media(head: bytes) -> str:
    """Return the format by the first known brand in the order of the file."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    # "mif1" and similar brands only say that the file contains images, so the other brands decide first.
    for brand in sorted(brands, key=lambda brand: brand in (b"mif1", b"msf1", b"miaf")):
        if brand in _BRANDS:
            return _BRANDS[brand]
    return "video"
