# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a terminal obeys, turns round or hides reaches neither a terminal nor a name that is kept, wherever it comes from.

One: ``python scripts/test.py tests/cli/test_terminal.py``.
"""

from __future__ import annotations

import ast
import io
import json
import logging
import sqlite3
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batch.files import png, write
from tests.cli.driver import REPO, Cli
from tests.service.server import StandIn
from triverse_addon.api.display_text import escaped_json, plain_name, shown
from triverse_addon.api.errors import TriverseError
from triverse_addon.api.sentence import Sentence
from triverse_addon.batch.input.validation import check
from triverse_addon.batch.library.catalogs import clean_path
from triverse_addon.batch.library.ledger import stem_of
from triverse_addon.batch.results.report import ReportRow, table
from triverse_addon.batch.rows.problems import Problem
from triverse_addon.batch.rows.raw_rows import RawBatch, RawRow
from triverse_addon.batch.run.request import library_for
from triverse_addon.cli.arguments import parse
from triverse_addon.cli.errors import UsageError
from triverse_addon.cli.exit_codes import Exit
from triverse_addon.cli.output import Output, shown_logs
from triverse_addon.cli.progress import ProgressPrinter
from triverse_addon.tasks.record import provenance
from triverse_addon.tasks.record.record import Stage, TaskRecord

pytestmark = pytest.mark.kind("control-characters")

#: A title for the terminal, a cleared screen, C1's CSI, a turned order, a hidden mark, a forged line.
EVIL = "a\x1b]0;x\x07b\x1b[2Jc\x9b31md\u202egnp.e\u2066f\u200bg\ufeffh\x7fi\r\nDone.\u2028j"
#: Letters and a pattern of Braille that are drawn as nothing, and count as printable.
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\u3164\u2800\uffa0\x00\x07\x08\x1b\r\n\x7f\x85\x9b\u200b\u200e\u202e\u2028\u2066\ufeff\ud800\U000e0041"
        ),
    ),
    max_size=40,
)


def unseen(text: str, but: str = "") -> set[str]:
    """The characters of a text that nobody sees, but two joiners that words are written with."""
    found = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    found |= set(text) & set(FILLERS)
    return found - set("\u200c\u200d" + but)


# -----------------------------------------------------------------------------
# Texts


@settings(deadline=None, derandomize=True)
@given(TEXTS)
def test_what_is_shown_is_one_line_that_is_seen(text: str) -> None:
    assert unseen(shown(text)) == set()
    assert shown(shown(text)) == shown(text)
    if text.isprintable() and not set(text) & set(FILLERS):
        assert shown(text) == text


@pytest.mark.parametrize("filler", FILLERS)
def test_what_is_drawn_as_nothing_is_not_seen(filler: str) -> None:
    assert shown(f"a{filler}b") == f"a\\u{ord(filler):04x}b"
    assert plain_name(f"{filler}a{filler}b ") == "ab"
    assert plain_name(filler * 3) == ""
    assert escaped_json(json.dumps(filler, ensure_ascii=False)) == f'"\\u{ord(filler):04x}"'


def test_it_says_what_was_there() -> None:
    assert shown("a\x1b[2J\u202eb\n\tc") == r"a\x1b[2J\u202eb  c"
    assert shown("Stuhl für Gäste, 椅子, می‌خواهم, 👩‍🚀") == "Stuhl für Gäste, 椅子, می‌خواهم, 👩‍🚀"


@settings(deadline=None, derandomize=True)
@given(TEXTS)
def test_names_have_nothing_that_is_not_seen(text: str) -> None:
    flow = {"sources": {"image_file": f"/a/{text.replace('/', '')}.png"}, "flow": "image-to-model"}
    record = TaskRecord(
        id="x", flow="text-to-model", name=text, stage=Stage.WAITING, client_order_id="x", params={"prompt": text}
    )
    names = [
        plain_name(text),
        provenance.short_name(text),
        provenance.name_for({"prompt": text}, {}, "text-to-model"),
        provenance.name_for({}, **flow),  # type: ignore[arg-type]
        provenance.collection_name(record),
        *provenance.tags(record),
        clean_path(text) or "",
        stem_of(text),
        library_for(Path("/a") / (text.replace("/", "").replace("\0", "").strip(". ") or "b")).name,
    ]
    for name in names:
        assert unseen(name) == set(), name
        assert name == " ".join(name.split()) or name.isprintable()


@settings(deadline=None, derandomize=True)
@given(name=TEXTS, tags=TEXTS, catalog=TEXTS)
def test_rows_have_nothing_that_is_not_seen(name: str, tags: str, catalog: str) -> None:
    cells: dict[str, object] = {"prompt": "a chair", "name": name, "tags": tags, "catalog": catalog}
    raw = RawBatch(Path("/a"), Path("/a"), (RawRow(2, cells),), {}, ())
    rows, problems = check(raw)
    for row in rows:
        assert unseen("".join([row.title, *row.tags, row.catalog])) == set()
    for problem in problems:
        assert unseen(str(problem)) == set()


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3), max_size=4))
def test_json_is_the_same_json(value: dict[str, object]) -> None:
    for ensure_ascii in (True, False):
        text = escaped_json(json.dumps(value, ensure_ascii=ensure_ascii, indent=1))
        assert json.loads(text) == value
        assert unseen(text, but="\n") == set()


# -----------------------------------------------------------------------------
# Whatever writes to a terminal


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, _Terminal], ids=["log", "terminal"])
@settings(deadline=None, derandomize=True)
@given(text=TEXTS)
def test_everything_that_is_told(stream: type[io.StringIO], text: str) -> None:
    people, programs = stream(), io.StringIO()
    output = Output(programs=programs, people=people)
    sentence = Sentence.of("The file {path} cannot be read.", path=text)
    record = TaskRecord(
        id="x", flow=text, name=text, stage=Stage.FAILED, client_order_id="x", error=sentence, error_suggestion=text
    )
    output.say(text)
    output.say(sentence)
    output.say(str(Problem(3, text, sentence)))
    output.ask(text)
    output.line(text)
    error = TriverseError(sentence)
    error.suggestion = text
    output.error(error, Exit.FAILED)
    ProgressPrinter(output).show([record])
    ProgressPrinter(output).show([record, record.with_(id="y", stage=Stage.WAITING, status_note=sentence)])
    line = ReportRow(1, 2, text, text, text, text, "failed", "o", error=text, suggestion=text)
    for words in table([line]):
        output.say(words)
    output.clear()
    written = people.getvalue()
    # The line that is written over begins with \r.
    assert unseen(written, but="\n\r") == set()
    for told in programs.getvalue().splitlines():
        assert unseen(told) == set()
        json.loads(told)


@settings(deadline=None, derandomize=True)
@given(TEXTS)
def test_what_is_typed_wrongly_is_said_safely(text: str) -> None:
    for argv in ([text], ["generate", "--flow", text], ["batch", "f", "--jobs", text], ["list", f"--{text}"]):
        try:
            parse(argv, "triverse")
        except UsageError as error:
            said = str(error.sentence)
        except SystemExit:
            continue
        else:
            continue
        assert unseen(said) == set()


def test_what_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_logs("triverse_addon"):
        logging.getLogger("triverse_addon.scene.x").warning("glTF importer: %s", EVIL)
    said = capsys.readouterr().err
    assert "glTF importer: a\\x1b]0;x\\x07b" in said
    assert unseen(said, but="\n") == set()


def test_only_one_place_writes_to_the_terminal() -> None:
    """Every other print or write to a standard stream would go round :class:`Output`."""
    found = []
    for path in sorted((REPO / "triverse_addon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            words = ast.unparse(node.func)
            if words in ("print", "pprint", "warnings.warn") or words.startswith(("sys.stdout.w", "sys.stderr.w")):
                found.append(path.relative_to(REPO).as_posix())
    assert set(found) == {"triverse_addon/cli/output.py"}


# -----------------------------------------------------------------------------
# The whole way


def everything_kept(folder: Path) -> str:
    """All text that the commands have left: reports, pages, catalogs, ledgers, names of files, names of tasks."""
    kept = []
    for path in folder.rglob("*"):
        kept.append(path.name)
        if path.suffix in (".json", ".txt") and path.is_file():
            kept.append(path.read_text("utf-8"))
        if path.name == "tasks.sqlite3":
            with sqlite3.connect(path) as store:
                kept += [str(name) for (name,) in store.execute("select name from tasks")]
    return "\n".join(kept)


def test_a_hostile_batch(cli: Cli, service: StandIn, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    png(folder / "in\x1b[31m\u202e" / "chair\x1b[2J\u202egnp.png")
    (folder / "in\x1b[31m\u202e" / "notes\x07\u2066.txt").write_text("x")
    rows = [
        {"name": EVIL, "prompt": f"a chair {EVIL}", "catalog": f"Props/{EVIL.replace(':', '')}", "tags": EVIL},
        {"prompt": "a thing that must fail", "name": f"bad {EVIL}"},
    ]
    table_file = write(tmp_path / "ta\x1b[1mble\u202e.jsonl", "\n".join(map(json.dumps, rows)))
    spoken = []
    for argv in (
        ["batch", table_file, "--glb-only", "--yes"],
        ["batch", table_file, "--glb-only", "--merge"],
        ["batch", folder, "--glb-only", "--yes"],
        ["list"],
        ["list", "--search", EVIL.replace("\0", "")],
        ["report"],
    ):
        answer = cli.run(*argv)
        spoken.append(answer.people)
    assert "2 rows: 0 done before" in spoken[0]
    assert all(unseen(words, but="\n") == set() for words in spoken), spoken
    made = [path for path in tmp_path.rglob("*") if path.is_file() and "library" in str(path)]
    assert {path.suffix for path in made} >= {".glb", ".json", ".html", ".txt"}
    library = tmp_path / "ta[1mble-library"
    assert library.is_dir()
    assert unseen(everything_kept(library), but="\n") == set()
    assert unseen(everything_kept(cli.data), but="\n") == set()


@pytest.mark.parametrize(
    "argv",
    [
        ["generate", "--flow", EVIL],
        ["generate", "--image", f"/nowhere/{EVIL}.png"],
        ["generate", "--prompt", "ab", "--output", f"/nowhere/{EVIL}.glb"],
        ["track", EVIL],
        ["batch", f"/nowhere/{EVIL}.csv", "--glb-only"],
        ["batch", "rows.csv", "--set", EVIL, "--glb-only"],
        ["batch", "rows.csv", "--set", f"{EVIL}=1", "--glb-only"],
        ["batch", "rows.csv", "--rows", EVIL, "--glb-only"],
        ["batch", "rows.csv", "--report", f"/nowhere/{EVIL}", "--glb-only", "--merge"],
        [EVIL],
    ],
    ids=range(10),
)
def test_what_is_refused_is_said_safely(cli: Cli, argv: list[str]) -> None:
    header = f"prompt,{EVIL.replace(chr(13), '').replace(chr(10), '')}"
    write(cli.folder / "rows.csv", f"{header}\nab,1\n")
    answer = cli.run(*argv)
    assert answer.code == 2, answer.people
    assert unseen(answer.people, but="\n") == set()


def test_what_the_service_says_is_said_safely(cli: Cli, service: StandIn) -> None:
    service.faults.add("create", status=400, code=1004, message=f"no {EVIL}", suggestion=f"try {EVIL}")
    answer = cli.run("generate", "--prompt", "a chair", "--name", EVIL)
    assert answer.code in (1, 2), answer.people
    assert "does not accept this request: no a]0;xb[2Jc" in answer.people
    assert unseen(answer.people, but="\n") == set()
