#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In Open Job Description, one task more than a chunk holds makes two chunks of half the size, no full one and a rest.
#
# A task parameter of the type CHUNK[INT] has a defaultTaskCount, which reads like the number of tasks in a chunk. It is
# the most: openjd-cli makes as few chunks as it allows, and shares the tasks out evenly. So with 25 as the count, 26
# tasks run as 13 and 13: what each chunk costs to start is shared by 13 and no more by 25. Names of files made from a
# chunk's range also change for every chunk when a task is added, so that a job which is submitted again with one row
# more finds none of the results that its chunks have left under those names. A chunk of one task is called "1-1",
# never "1".
#
# Versions: openjd-cli 0.8.0 (with openjd-model and openjd-sessions 0.13.0) from PyPI, Python 3.11 or newer.
#
# Seen (the range; the chunks that ran):
#     1-25: 1-25
#     1-26: 1-13 14-26
#     1-51: 1-17 18-34 35-51
#     1-1: 1-1
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
    openjd-cli==0.8.0 openjd-model==0.13.0 openjd-sessions==0.13.0 2>/dev/null
cat > "$scratch/template.yaml" <<'YAML'
specificationVersion: jobtemplate-2023-09
extensions: [TASK_CHUNKING]
name: chunks
parameterDefinitions:
  - {name: Range, type: STRING}
steps:
  - name: Tasks
    parameterSpace:
      taskParameterDefinitions:
        - name: Task
          type: CHUNK[INT]
          range: "{{Param.Range}}"
          chunks: {defaultTaskCount: 25, rangeConstraint: CONTIGUOUS}
    script:
      actions:
        onRun: {command: echo, args: ["chunk:{{Task.Param.Task}}"]}
YAML
for range in 1-25 1-26 1-51 1-1; do
    said=$("$scratch/venv/bin/openjd" run "$scratch/template.yaml" -p "Range=$range" 2>&1)
    echo "$range: $(echo "$said" | sed -n 's/.*[[:space:]]chunk:\([0-9-]*\)$/\1/p' | tr '\n' ' ' | sed 's/ $//')"
done | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
1-25: 1-25
1-26: 1-13 14-26
1-51: 1-17 18-34 35-51
1-1: 1-1
WANTED
