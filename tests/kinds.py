# SPDX-License-Identifier: GPL-3.0-or-later
"""
Kinds of trouble that were met outside the tests, and what happened before: the rows of three tables in ``docs/``.

A test says which kind it is a case of with ``@pytest.mark.kind("slug")``. A whole run of ``scripts/test.py`` in which
everything passed counts the cases and writes the tables; see ``scripts/_dev/kinds.py``. Plain Python, no ``bpy``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One row.

    Args:
        slug: what a test's mark names.
        page: the page of ``docs/`` whose table has the row.
        title: the trouble, in a few words.
        before: what happened before it was mended.
    """

    slug: str
    page: str
    title: str
    before: str


HANDS, HOSTILE, MODELS = "reliability.md", "security.md", "models.md"

KINDS = (
    # ------------------------------------------------------------------
    # What breaks in real hands
    Kind("menu-numbers", HANDS, "Every entry of every menu, by mouse", "the panel was empty for good on 4.2 to 4.5"),
    Kind("older-libraries", HANDS, "Another add-on's older libraries", "an order hung in Sending for ever"),
    Kind("silent-workers", HANDS, "An unforeseen error in a worker", "the task stayed where it was, without a word"),
    Kind("uninstall", HANDS, "Uninstalling the extension", "the list and every model were deleted"),
    Kind("machine-first", HANDS, "What this machine cannot do", "asked after paying; no .blend at all"),
    Kind("foreign-world", HANDS, "A studio's colours, start-up files, units", "pictures and captures failed"),
    Kind("first-cause", HANDS, "A corrupt model whose other addresses fail", "the second failure was told, after 40 s"),
    Kind("spreadsheets", HANDS, "Tables as spreadsheets write them", "refused, or read wrongly"),
    Kind("picture-content", HANDS, "Pictures by content, and their orientation", "left out without a word; lying down"),
    Kind("networks", HANDS, "Certificates, proxies, pasted keys", "refused with a wrong cause"),
    Kind("proxy-words", HANDS, "What proxies answer", "said well; held by tests now"),
    Kind("network-homes", HANDS, "Network homes", "no list, and a wrong cause"),
    Kind("two-copies", HANDS, "Two copies of the add-on", "a traceback; unregister raised"),
    Kind("identities", HANDS, "Positions and names taken for identities", "a team's library got our name and folder"),
    # ------------------------------------------------------------------
    # Hostile hands
    Kind("model-paths", HOSTILE, "1. A model that names files of this disk", "they were read into the .blend"),
    Kind("work-folder", HOSTILE, "2. A library whose work folder is a link", "folders behind it were removed"),
    Kind("foreign-ledger", HOSTILE, "3. A library whose ledger names paths", "the user's files were overwritten"),
    Kind("websocket-redirects", HOSTILE, "4. A WebSocket that redirects", "followed to other origins, key and all"),
    Kind("price-privacy", HOSTILE, "5. The price question", "carried the prompt, half typed"),
    Kind("clipboard-permission", HOSTILE, "6. Permissions of the manifest", "the clipboard was not declared"),
    Kind("private-files", HOSTILE, "7. Rights of our files and folders", "readable by every user of the machine"),
    Kind("deletes-own-names", HOSTILE, "8. What is deleted", "folders as a whole, sheets by a pattern"),
    Kind("foreign-tables", HOSTILE, "9. Tables that name files outside", "opened without asking"),
    Kind("control-characters", HOSTILE, "10. Control and bidi characters", "reached the terminal and names"),
    Kind("hashed-wheels", HOSTILE, "11. Cached wheels", "believed by their name"),
    Kind("no-silent-fallback", HOSTILE, "12. A child that does not start", "the user's own Blender read the file"),
    Kind("key-forms", HOSTILE, "13. Other forms of the key, another origin", "passed the filter; sent without asking"),
    Kind("addresses", HOSTILE, "14. Addresses that only look public", "asked for"),
    Kind("foreign-values", HOSTILE, "14. Dates outside the calendar, exchanged files", "a traceback; appended unseen"),
    Kind("own-outputs", HOSTILE, "14. --report and --output onto the user's files", "overwritten"),
    Kind("render-path", HOSTILE, "14. Paths of this machine in what is handed over", "in the .blend and the report"),
    Kind("kept-environment", HOSTILE, "15. The child's environment", "all of the user's, less a few names"),
    Kind("asks-first", HOSTILE, "16. What the test scripts install", "installed without asking"),
    Kind("fuzz", HOSTILE, "17. Parsers under fuzz", "eleven had no target"),
    # ------------------------------------------------------------------
    # Any model arrives
    Kind("wrapper-chains", MODELS, "Chains of wrapper empties", "a crash, depending on the order of names"),
    Kind("half-models", MODELS, "A mesh or picture that cannot be decoded", "half a model was called done"),
    Kind("readable-extensions", MODELS, "Extensions by version and build", "one list for all Blenders"),
    Kind("guard-not-stricter", MODELS, "Files that Blender reads", "refused as damaged"),
    Kind("landing-scene", MODELS, "Units, frame rate, scenes, names, variants", "those of another scene, or lost"),
    Kind("many-objects", MODELS, "Thousands of objects", "time grew with their square"),
    Kind("geometry-options", MODELS, "Merged vertices, shading, vertex colours", "not offered; invisible in 4.2"),
    Kind("other-blenders", MODELS, "Models of a newer Blender, failures by chance", "a failed paid task"),
    Kind("blender-5.3", MODELS, "What Blender 5.3 does otherwise", "a TypeError; pictures without pixels"),
    Kind("corpus", MODELS, "The corpus, compared with Blender's importer", "never compared"),
)

BY_SLUG = {kind.slug: kind for kind in KINDS}
