#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Open Job Description sorts the parts of a range in a text: "1,250,125" runs as 1, 125, 250; a list keeps its order.
#
# Whoever renders or makes the first, the last and the middle one first, to see early whether a job is worth its price,
# writes "1,250,125,2-124,126-249", as farms commonly read it. The parts are sorted by their first value, without a
# word. A part with a negative step is kept as it is, so "10-1:-3" does run backwards. The same values as a list in the
# template run in the order they are written in. A parameter of the job can be a text, so whoever submits cannot choose
# the order.
#
# Versions: openjd-cli 0.8.0 (with openjd-model and openjd-sessions 0.13.0) from PyPI, Python 3.11 or newer.
#
# Seen (the range; the tasks as they ran):
#     "1,250,125": 1 125 250
#     "10-1:-3": 10 7 4 1
#     "20,10-1:-3": 10 7 4 1 20
#     [1, 250, 125]: 1 250 125
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    openjd-cli==0.8.0 openjd-model==0.13.0 openjd-sessions==0.13.0 2>/dev/null
while read -r range; do
    cat > "$scratch/template.yaml" <<YAML
specificationVersion: jobtemplate-2023-09
name: range
steps:
  - name: Tasks
    parameterSpace:
      taskParameterDefinitions:
        - {name: Frame, type: INT, range: $range}
    script:
      actions:
        onRun: {command: echo, args: ["frame:{{Task.Param.Frame}}"]}
YAML
    said=$("$scratch/venv/bin/openjd" run "$scratch/template.yaml" 2>&1)
    echo "$range: $(echo "$said" | sed -n 's/.*[[:space:]]frame:\([0-9-]*\)$/\1/p' | tr '\n' ' ' | sed 's/ $//')"
done <<'LIST' | tee "$scratch/seen"
"1,250,125"
"10-1:-3"
"20,10-1:-3"
[1, 250, 125]
LIST
diff - "$scratch/seen" <<'WANTED'
"1,250,125": 1 125 250
"10-1:-3": 10 7 4 1
"20,10-1:-3": 10 7 4 1 20
[1, 250, 125]: 1 250 125
WANTED
