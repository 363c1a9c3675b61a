# SPDX-License-Identifier: GPL-3.0-or-later
"""
Check cells and build rows that can be ordered: all problems of all rows, before anything is sent.

Floor: between first and second. Thread: any that may read files: pictures and models are opened. No ``bpy``.

Fields are checked by ``api.flows``, as in the panel and on the command line.
"""

import functools
import os
import re
from collections.abc import Callable, Collection, Mapping

from ...api.addresses import check_image_address
from ...api.display_text import plain_name
from ...api.errors import InputError
from ...api.field_values import check_value
from ...api.fields import JSON
from ...api.flows import FLOWS, Field, Flow, Kind, yields_glb
from ...api.sentence import Sentence
from ...api.spelling import half_width
from ...api.upload_checks import check_image, check_model
from ...api.urls import DEFAULT_API_URL, clean
from ...tasks.record.processing import PLAIN, Processing
from ...tasks.record.provenance import name_for, short_name
from ...tasks.record.record import is_url
from ..library.catalogs import clean_path
from ..outside_files import outside, path_of
from ..rows import post_options
from ..rows.problems import Problem
from ..rows.raw_rows import RawBatch, RawRow, column_key
from ..rows.row import Row
from ..rows.settings_of_row import RowSettings
from .row_numbering import numbered

#: Columns of the batch itself, with their descriptions.
OWN_COLUMNS: Mapping[str, str] = {
    "name": "name of the model; by default the prompt or the file's name",
    "flow": "kind of task; by default it follows from what is given",
    "catalog": "asset catalog, such as Props/Chairs",
    "tags": "asset tags, separated by commas",
}

#: Error values that spreadsheets write into cells, in any language: #REF!, #NAME?, #N/A, #BEZUG!
_CELL_ERROR = re.compile(r"#[^\W\d_/][^\sa-z]{1,14}[!?]|#N/A|#NV")

#: The sources of all rows without any: a hundred thousand empty dictionaries take 20 MB. Never changed.
_NONE: dict[str, str] = {}

#: Returns whether a source is converted before the upload, so that its format need not be one that the service accepts.
Takes = Callable[[str, Kind], bool]


def field_columns() -> dict[str, str]:
    """Return the columns for the fields of flows: each accepted name -> the field's own name."""
    names: dict[str, str] = {}
    for flow in FLOWS.values():
        for field in flow.fields:
            for name in (field.name, field.name.removesuffix("_file"), *field.sent_as):
                names.setdefault(name, field.name)
    return names


def check(
    raw: RawBatch,
    *,
    defaults: Mapping[str, str] | None = None,
    takes: Takes = lambda path, kind: False,
    with_blender: bool = True,
    numbers: Collection[int] | None = None,
    service_url: str = DEFAULT_API_URL,
    allowed: Collection[str] = (),
    go_on: Callable[[], None] = lambda: None,
) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    """
    Return the rows of a batch and all problems. If there is a problem, no rows are returned.

    :param raw: the batch as read.
    :param defaults: values by column name for rows without their own.
    :param takes: see :data:`Takes`.
    :param with_blender: whether .blend files can be written and models post-processed.
    :param numbers: row numbers whose pictures and models are opened; None for all. A chunk of a batch does not open the
        files of the others.
    :param service_url: address of the service, which must be able to fetch pictures that are given by URL.
    :param allowed: files outside the table's folder that may be opened, see ``outside_files.Outside.key``.
    :param go_on: called for each row; what it raises ends the check.
    """
    problems = list(raw.problems)
    known = field_columns()
    for key, name in raw.columns.items():
        if key not in OWN_COLUMNS and key not in post_options.COLUMNS and key not in known:
            problems.append(Problem(_first_line(raw, key), name, _unknown_column()))
    common: dict[str, object] = {}
    for name, value in (defaults or {}).items():
        key = column_key(name)
        if key not in OWN_COLUMNS and key not in post_options.COLUMNS and key not in known:
            problems.append(Problem(0, name, _unknown_column()))
        elif value.strip():
            common[key] = value.strip()
    rows = []
    source_checks = _SourceChecks(takes, allowed)
    line_before = 0
    for number, raw_row in enumerate(raw.rows, 1):
        go_on()
        # Below a header, the number of a row is the line of the one before: one object for both.
        number = line_before if line_before == number else number
        line_before = raw_row.line
        row_checks = source_checks if numbers is None or number in numbers else None
        found = _Checker(raw, raw_row, common, known, row_checks, with_blender, service_url).row(number)
        if isinstance(found, Row):
            rows.append(found)
        else:
            problems += found
    return (() if problems else tuple(numbered(rows))), tuple(sorted(problems, key=lambda problem: problem.line))


@functools.lru_cache(maxsize=1024)
def _catalog(text: str) -> str | None:
    """Return the path of a catalog, the same object for all its rows; None if it is invalid."""
    return clean_path(plain_name(text))


@functools.lru_cache(maxsize=1024)
def _value_of(flow: str, name: str, text: str) -> JSON:
    """
    Return the value of a number or choice, the same object for all rows with it.

    :raises InputError: see :func:`check_value`.
    """
    return check_value(_fields_of(flow)[0][name], text)


@functools.cache
def _fields_of(flow: str) -> tuple[dict[str, Field], tuple[Field, ...]]:
    """Return the fields of a flow by name, and those that are required."""
    fields = FLOWS[flow].fields
    return {field.name: field for field in fields}, tuple(field for field in fields if field.required)


def _first_line(raw: RawBatch, key: str) -> int:
    return next((row.line for row in raw.rows if key in row.cells), 1)


def _unknown_column() -> Sentence:
    return Sentence.of("There is no such column. Begin its name with # to keep it as a note.")


class _SourceChecks:
    """Checks source files, each only once."""

    def __init__(self, takes: Takes, allowed: Collection[str]) -> None:
        self.allowed = allowed
        self._takes = takes
        self._seen: dict[tuple[str, Kind], Sentence | None] = {}

    def problem(self, path: str, field: Field) -> Sentence | None:
        key = (path, field.kind)
        if key not in self._seen:
            self._seen[key] = self._check(path, field)
        return self._seen[key]

    def _check(self, path: str, field: Field) -> Sentence | None:
        try:
            if self._takes(path, field.kind):
                return None if os.path.getsize(path) else Sentence.of("The file {path} is empty.", path=path)
            (check_image if field.kind is Kind.IMAGE else check_model)(path, field=field.name)
        except InputError as error:
            return error.sentence
        except OSError:
            return Sentence.of("There is no file {path}.", path=path)
        return None


class _Checker:
    """Checks the cells of one row and builds a :class:`Row`."""

    def __init__(
        self,
        raw: RawBatch,
        row: RawRow,
        common: Mapping[str, object],
        known: Mapping[str, str],
        source_checks: _SourceChecks | None,
        with_blender: bool,
        service_url: str,
    ) -> None:
        self._raw = raw
        self._line = row.line
        self._cells = {**common, **row.cells}
        self._own_keys = row.cells.keys()
        self._known = known
        self._source_checks = source_checks
        self._with_blender = with_blender
        self._service_url = service_url
        self._problems: list[Problem] = []
        self._unusable: set[str] = set()
        self._places: dict[str, str] = {}

    def row(self, number: int) -> Row | list[Problem]:
        """Return the row with this number, or all its problems."""
        self._check_formulas()
        flow = self._flow()
        params, sources, written = self._fields(flow) if flow is not None else ({}, {}, {})
        post = self._post()
        catalog = _catalog(self._text("catalog"))
        if catalog is None:
            self._add_problem(
                "catalog", Sentence.of("A catalog's path has no colon and no backslash, such as Props/Chairs.")
            )
        tags: tuple[str, ...] = ()
        if "tags" in self._cells:
            tags = tuple(dict.fromkeys(tag for tag in map(plain_name, self._word_list("tags")) if tag))
        name = short_name(self._text("name"))
        if self._problems or flow is None:
            return self._problems
        return Row(
            number=number,
            line=self._line,
            flow=flow.name,
            params=RowSettings(params),
            sources=sources or _NONE,
            written_sources=written or _NONE,
            places=self._places or _NONE,
            name=name or name_for(params, sources, flow.name),
            catalog=catalog or "",
            tags=tags,
            post=post,
        )

    def _add_problem(self, key: str, sentence: Sentence) -> None:
        if key in self._unusable:
            return
        self._problems.append(Problem(self._line, self._raw.columns.get(key, key), sentence))

    def _check_formulas(self) -> None:
        """Report formulas and error values of spreadsheets, which would otherwise be sent, and paid for, as prompts."""
        for key, text in self._cells.items():
            if not isinstance(text, str) or text[:1] not in ("#", "="):
                continue
            if _CELL_ERROR.fullmatch(text):
                self._add_problem(key, Sentence.of("The spreadsheet could not compute this cell: {text}", text=text))
            elif text.startswith("="):
                self._add_problem(key, Sentence.of("This is a formula. Have the spreadsheet save values."))
            else:
                continue
            self._unusable.add(key)

    def _text(self, key: str) -> str:
        value = self._cells.get(key, "")
        if value == "":
            return ""
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return " ".join(str(value).split())
        self._add_problem(key, Sentence.of("{column} must be text.", column=key))
        return ""

    def _word_list(self, key: str) -> list[str]:
        value = self._cells.get(key, "")
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return value
        return re.split("[,，、]", self._text(key))

    # -------------------------------------------------------------------------

    def _flow(self) -> Flow | None:
        name = half_width(self._text("flow")).lower() or self._likely_flow()
        flow = FLOWS.get(name)
        if flow is None:
            choices = ", ".join(flow.name for flow in FLOWS.values() if flow.yields_model)
            self._add_problem(
                "flow",
                Sentence.of(
                    "There is no flow named {name}. Choose one of: {names}.", name=clean(name, 60), names=choices
                ),
            )
        elif not flow.yields_model:
            self._add_problem(
                "flow", Sentence.of("{flow} makes no model, so a batch has no use for it.", flow=flow.name)
            )
            return None
        return flow

    def _likely_flow(self) -> str:
        names_given = {self._known[key] for key in self._cells if key in self._known}
        if "model_file" in names_given:
            return "texture-model" if "image_file" in names_given else "text-to-texture"
        if "front_image_file" in names_given:
            return "multiview-to-model"
        return "image-to-model" if "image_file" in names_given else "text-to-model"

    def _fields(self, flow: Flow) -> tuple[dict[str, JSON], dict[str, str], dict[str, str]]:
        params: dict[str, JSON] = {}
        sources: dict[str, str] = {}
        written: dict[str, str] = {}
        names, required = _fields_of(flow.name)
        given: set[str] = set()
        for key in [key for key in self._cells if key in self._known]:
            field = names.get(self._known[key])
            if field is None:
                # A default for all rows applies only to rows whose flow has this setting.
                if key in self._own_keys:
                    self._add_problem(key, Sentence.of("{flow} has no setting {name}.", flow=flow.name, name=key))
            elif key in self._own_keys and field.name in given:
                self._add_problem(key, Sentence.of("It is given twice."))
            elif field.is_source:
                self._source(key, field, sources, written)
            else:
                self._value(flow, key, field, params)
            if field is not None and key in self._own_keys:
                given.add(field.name)
        if not yields_glb(flow, params):
            self._add_problem(
                "output_format", Sentence.of("A batch takes only glb: nothing else can be written into a library.")
            )
        for field in required:
            key = next((key for key in self._cells if self._known.get(key) == field.name), field.name)
            if key not in self._cells:
                self._add_problem(key.removesuffix("_file"), Sentence.of("{field} is missing.", field=field.label))
        return (
            {name: params[name] for name in names if name in params},
            {name: sources[name] for name in names if name in sources},
            {name: written[name] for name in names if name in written},
        )

    def _value(self, flow: Flow, key: str, field: Field, params: dict[str, JSON]) -> None:
        value = self._cells[key]
        # A JSON file may contain a number as a prompt.
        if field.kind is Kind.TEXT and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        try:
            is_word = isinstance(value, str) and field.kind is not Kind.TEXT
            params[field.name] = _value_of(flow.name, field.name, value) if is_word else check_value(field, value)
        except InputError as error:
            self._add_problem(key, error.sentence)

    def _source(self, key: str, field: Field, sources: dict[str, str], written: dict[str, str]) -> None:
        text = self._cells[key]
        if not isinstance(text, str) or "\0" in text:
            self._add_problem(key, Sentence.of("{column} must be the path of a file.", column=key))
            return
        if text.startswith("http://"):
            self._add_problem(key, Sentence.of("A public address begins with https://."))
            return
        if is_url(text):
            try:
                check_image_address(text, self._service_url, field=field.name)
            except InputError as error:
                self._add_problem(key, error.sentence)
                return
            sources[field.name] = written[field.name] = text
            return
        try:
            path = path_of(self._raw.folder, text)
            os.fsencode(path)  # a lone surrogate from JSON is in no file name; the error is a ValueError
        except ValueError:
            self._add_problem(key, Sentence.of("{column} must be the path of a file.", column=key))
            return
        sources[field.name] = path
        written[field.name] = os.path.normpath(text.replace("\\", "/")).replace("\\", "/")
        if self._source_checks is None:
            return
        # A default for all rows was typed by the user, so it needs no permission.
        found = outside(self._raw.folder, path) if key in self._own_keys else None
        if found is not None and not found.is_allowed(self._source_checks.allowed):
            column = self._raw.columns.get(key, key)
            self._problems.append(Problem(self._line, column, found.sentence, found))
            return
        problem = self._source_checks.problem(path, field)
        if problem is not None:
            self._add_problem(key, problem)
        self._places[path] = os.path.realpath(path)

    def _post(self) -> Processing:
        values: dict[str, object] = {}
        for key in [key for key in self._cells if key in post_options.COLUMNS]:
            column = post_options.COLUMNS[key]
            try:
                # A default for all rows is typed by the user, so the table's decimal mark does not apply.
                mark = self._raw.decimal_mark if key in self._own_keys else "."
                values[column.sets] = column.check(self._cells[key], mark)
            except InputError as error:
                self._add_problem(key, error.sentence)
        if not values:
            return PLAIN
        post = Processing(**values)  # type: ignore[arg-type]  # each column's check returns its field's type
        if post.needs_blender and not self._with_blender:
            self._add_problem("", Sentence.of("Working on models and exporting other formats than GLB takes Blender."))
        return post
