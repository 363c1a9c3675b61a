# SPDX-License-Identifier: GPL-3.0-or-later
"""
Plays a short sound of two tones with ``aud``, the audio library of Blender.

Floor: third. Thread: a worker, since opening an audio device takes a while. Imports no ``bpy``.
"""

import logging
import time
from typing import Any

_log = logging.getLogger(__name__)

_RATE_HZ = 48000
#: Frequency and start of each tone, in Hz and seconds.
_TONES = ((660.0, 0.0), (880.0, 0.16))
_TONE_S = 0.3
_VOLUME = 0.25


def play() -> bool:
    """Play the sound, and return whether it could be. Takes as long as the sound."""
    try:
        import aud  # part of Blender, but not of every build of it
    except ImportError:
        _log.info("This Blender has no audio library")
        return False
    try:
        device: Any = aud.Device()
        for frequency_hz, starts_s in _TONES:
            tone: Any = aud.Sound.sine(frequency_hz, _RATE_HZ).limit(0.0, _TONE_S)
            tone = tone.fadein(0.0, 0.02).fadeout(_TONE_S - 0.2, 0.2).volume(_VOLUME)
            device.play(tone.delay(starts_s))
        time.sleep(_TONES[-1][1] + _TONE_S)
    except (aud.error, OSError, RuntimeError) as error:
        _log.info("The sound was not played: %s", error)
        return False
    return True
