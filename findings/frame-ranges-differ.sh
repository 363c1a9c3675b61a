#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# "1-10:3" is three different lists of frames in fileseq, OpenCue and Open Job Description, and "1-3 5" is 1 to 35.
#
# All three read "1-3,7", and look as if they spoke one language, so a range is passed from a tool to a farm as it is.
# The colon is a step in Open Job Description, as "x" is in the other two: 4 tasks. In the others it is an order for all
# the frames, each third first: 10 frames, and the two do not agree on the order. fileseq, which pipelines in Python
# use, takes all spaces away before it reads: frames that are named with spaces between them become one large number, "1
# 5 9" frame 159, and "1-3 5" 35 frames in place of 4. In OpenCue's FrameSet, parts that overlap give frames twice, so a
# script that makes a task of each pays for some of them twice; the others leave the second out or refuse the text.
# Where it is not understood, there is an error; none of these is reported. Make a list of numbers first, and pass that.
#
# Versions: Fileseq 3.4.0, opencue_pycue 1.37.0 and openjd-model 0.13.0 from PyPI, Python 3.11.
#
# Seen (what each of them makes of a text):
#     "1-3,7": fileseq: 1 2 3 7
#     "1-3,7": OpenCue: 1 2 3 7
#     "1-3,7": OpenJD: 1 2 3 7
#     "1-10:3": fileseq: 1 4 7 10 3 5 9 2 6 8
#     "1-10:3": OpenCue: 1 4 7 10 2 3 5 6 8 9
#     "1-10:3": OpenJD: 1 4 7 10
#     "1-10x3": fileseq: 1 4 7 10
#     "1-10x3": OpenCue: 1 4 7 10
#     "1-10x3": OpenJD: TokenError
#     "1-3 5": fileseq: 1 to 35, 35 frames
#     "1-3 5": OpenCue: ValueError
#     "1-3 5": OpenJD: ExpressionError
#     "1 5 9": fileseq: 159
#     "1 5 9": OpenCue: ValueError
#     "1 5 9": OpenJD: ExpressionError
#     "1-3,2-5": fileseq: 1 2 3 4 5
#     "1-3,2-5": OpenCue: 1 2 3 2 3 4 5
#     "1-3,2-5": OpenJD: ExpressionError
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import fileseq, openjd.model
from FileSequence import FrameSet

READERS = {
    "fileseq": lambda text: list(fileseq.FrameSet(text)),
    "OpenCue": lambda text: FrameSet(text).getAll(),
    "OpenJD": lambda text: list(openjd.model.IntRangeExpr.from_str(text)),
}


def said(read, text):
    try:
        frames = read(text)
    except Exception as error:  # Each has its own kind.
        return type(error).__name__
    return " ".join(map(str, frames)) if len(frames) <= 10 else f"{frames[0]} to {frames[-1]}, {len(frames)} frames"


for text in ("1-3,7", "1-10:3", "1-10x3", "1-3 5", "1 5 9", "1-3,2-5"):
    for name, read in READERS.items():
        print(f'"{text}": {name}: {said(read, text)}')
PY
# A name on PATH may be a shim that leads nowhere.
python_of() {
    for one in "python$1" "$HOME/.pyenv/versions/$1."*/bin/python; do
        if "$one" -c "" 2>/dev/null; then echo "$one"; return; fi
    done
    echo "Python $1 is needed." >&2
    exit 1
}
"$(python_of 3.11)" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    Fileseq==3.4.0 opencue_pycue==1.37.0 openjd-model==0.13.0
"$scratch/venv/bin/python" "$scratch/look.py" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
"1-3,7": fileseq: 1 2 3 7
"1-3,7": OpenCue: 1 2 3 7
"1-3,7": OpenJD: 1 2 3 7
"1-10:3": fileseq: 1 4 7 10 3 5 9 2 6 8
"1-10:3": OpenCue: 1 4 7 10 2 3 5 6 8 9
"1-10:3": OpenJD: 1 4 7 10
"1-10x3": fileseq: 1 4 7 10
"1-10x3": OpenCue: 1 4 7 10
"1-10x3": OpenJD: TokenError
"1-3 5": fileseq: 1 to 35, 35 frames
"1-3 5": OpenCue: ValueError
"1-3 5": OpenJD: ExpressionError
"1 5 9": fileseq: 159
"1 5 9": OpenCue: ValueError
"1 5 9": OpenJD: ExpressionError
"1-3,2-5": fileseq: 1 2 3 4 5
"1-3,2-5": OpenCue: 1 2 3 2 3 4 5
"1-3,2-5": OpenJD: ExpressionError
WANTED
