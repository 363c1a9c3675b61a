# SPDX-License-Identifier: GPL-3.0-or-later
"""
Tells by notification and sound that tasks have ended. Several that end together are told at once.

Floor: third. Thread: main; what is shown and played runs on a thread of its own. Imports no ``bpy``.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ...tasks.record.events import Notice
from ...tasks.record.record import FAILED_STAGES, UNFINISHED, Stage, TaskRecord
from . import sound, system_notification

#: Time after the first end in which others are waited for, in seconds.
_TOGETHER_S = 2.0
#: Most names in one notification.
_MOST_NAMES = 3
_NOT_SHOWN = Sentence.of(
    "The system showed no notification. Allow Blender to show them in its settings, or install notify-send on Linux."
)


class Ends:
    """
    The ends of tasks that were not told yet.

    :param show: shows a notification with a title and a text.
    :param play: plays the sound.
    :param tell: shows a notice in the panel: once, that no notification could be shown.
    """

    def __init__(
        self,
        show: Callable[[str, str], object] = system_notification.show,
        play: Callable[[], object] = sound.play,
        tell: Callable[[Notice], object] = lambda _notice: None,
    ) -> None:
        self._show, self._play, self._tell = show, play, tell
        self._is_unseen = self._is_told = False
        self._ready: list[str] = []
        self._failed: list[str] = []
        self._others: list[Sentence] = []
        self._since_s = 0.0
        self._jobs: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None

    def add(self, before: Stage, record: TaskRecord) -> None:
        """Note that a task has entered a stage. Only the end of the work on it is told, not what the user does then."""
        if before not in UNFINISHED or not record.following:
            return
        if record.stage in (Stage.READY, Stage.DONE):
            self._note(self._ready, record.name)
        elif (record.stage, record.task_uuid) == (Stage.CANCELLED, None):
            pass  # what was never sent, the user has ended
        elif record.stage in FAILED_STAGES:
            self._note(self._failed, record.name)

    def add_sentence(self, sentence: Sentence) -> None:
        """Note something else that has ended, such as a batch."""
        if not self.is_waiting:
            self._since_s = time.monotonic()
        self._others.append(sentence)

    def _note(self, names: list[str], name: str) -> None:
        if not self.is_waiting:
            self._since_s = time.monotonic()
        names.append(name)

    @property
    def is_waiting(self) -> bool:
        """True while there are ends that were not told, so that ticks are needed."""
        return bool(self._ready or self._failed or self._others)

    def tick(self, translate: Callable[[Sentence], str], *, notify: bool, play_sound: bool) -> None:
        """
        Tell what has ended, once nothing more is waited for.

        :param translate: puts a sentence into the user's language.
        :param notify: the user wants notifications.
        :param play_sound: the user wants the sound.
        """
        if self._is_unseen and not self._is_told:
            self._is_told = True
            self._tell(Notice("WARNING", _NOT_SHOWN))
        if not self.is_waiting or (time.monotonic() - self._since_s < _TOGETHER_S and (notify or play_sound)):
            return
        sentences = [*_sentences(self._ready, self._failed), *self._others]
        self._ready, self._failed, self._others = [], [], []
        text = "\n".join(map(translate, sentences))
        if notify:
            self._jobs.append(lambda: self._notify(text))
        if play_sound:
            self._jobs.append(self._play)
        if self._jobs and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="triverse-away", daemon=True)
            self._thread.start()

    def _notify(self, text: str) -> None:
        if self._show("Triverse", text) is False:
            self._is_unseen = True

    def _work(self) -> None:
        while self._jobs:
            try:
                self._jobs.popleft()()
            except UNFORESEEN:
                # Nobody is harmed by a sound that is not heard. The next one is tried again.
                continue

    def shutdown(self) -> None:
        """Tell nothing more. What is being shown or played ends by itself, within seconds."""
        self._jobs.clear()


def _sentences(ready: Sequence[str], failed: Sequence[str]) -> list[Sentence]:
    found = []
    if len(ready) == 1:
        found.append(Sentence.of("“{name}” is ready.", name=ready[0]))
    elif ready:
        found.append(Sentence.of("{count} models are ready: {names}", count=len(ready), names=_names(ready)))
    if len(failed) == 1:
        found.append(Sentence.of("“{name}” failed. The panel says why.", name=failed[0]))
    elif failed:
        found.append(Sentence.of("{count} tasks failed: {names}", count=len(failed), names=_names(failed)))
    return found


def _names(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
