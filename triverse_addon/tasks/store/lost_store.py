# SPDX-License-Identifier: GPL-3.0-or-later
"""
Sets a damaged store aside, and remembers it until the service has listed its tasks.

Floor: first. Thread: any. No ``bpy``.
"""

import contextlib
import time
from pathlib import Path

from ...api.sentence import Sentence
from ..files.private_files import own_file

#: A file next to the store that exists from when a damaged store was set aside until the service has listed its tasks,
#: which may be after the next start of Blender. It contains the new file name of the damaged store.
LOST_NAME = "tasks.lost"


class LostStore:
    """
    The damaged predecessor of a store, if there is one.

    :param store_path: path of the store's database.
    """

    def __init__(self, store_path: Path) -> None:
        self._store_path = store_path
        self._path = store_path.with_name(LOST_NAME)
        self._name = ""

    @property
    def exists(self) -> bool:
        """Whether its tasks still have to be found at the service."""
        return self._path.exists()

    def set_aside(self) -> None:
        """
        Rename the files of a damaged database, and record that.

        :raises OSError: a file cannot be renamed.
        """
        stamp = time.strftime("%Y%m%d-%H%M%S")
        kept = self._store_path.with_name(f"{self._store_path.stem}.damaged-{stamp}{self._store_path.suffix}")
        # First: a process that is killed in between must not leave a new list that nobody asks the service to fill.
        self._remember(kept.name)
        for suffix in ("", "-wal", "-shm", "-journal"):
            part = Path(f"{self._store_path}{suffix}")
            if part.exists():
                part.replace(f"{kept}{suffix}")

    def _remember(self, name: str) -> None:
        self._name = name
        # On a full disk the file cannot be written. The button named in the message still works.
        with contextlib.suppress(OSError):
            self._path.write_text(name, encoding="utf-8")
            own_file(self._path)

    def forget(self) -> Sentence | None:
        """Record that the service has listed its tasks; return a message about it, or None if there was nothing."""
        if not self.exists:
            return None
        name = self._read_name()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        return Sentence.of(
            "The list of tasks was damaged. It was kept as {name}, and a new list was begun, with the tasks that "
            "Triverse knows of.",
            name=name,
        )

    def _read_name(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return self._name  # another Blender has found them in the meantime, or it could not be written

    @property
    def sentence(self) -> Sentence:
        """The message that the store was damaged, and what happens now."""
        return Sentence.of(
            "The list of tasks was damaged. It was kept as {name}, and a new list was begun. Triverse is asked for "
            "your tasks as soon as there is a key and online access. If they do not come, press Find My Tasks.",
            name=self._read_name(),
        )
