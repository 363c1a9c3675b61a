# SPDX-License-Identifier: GPL-3.0-or-later
"""
The contact sheet as an HTML page: every model with its picture, sortable.

Floor: between first and second. Thread: any that may write files. No ``bpy``.

The page is self-contained: it sends no requests to a server, and values of rows are escaped, so they are never run as
code.
"""

import html
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from ...api.errors import TriverseError
from ...api.sentence import Sentence
from ...tasks.files.atomic_write import write_whole
from ..library.asset_writer import Tile
from ..library.safe_paths import inside
from .report import ReportRow, counts

FILE_NAME = "contact-sheet.html"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --faint: #8888; }}
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 24px; }}
header {{ display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: baseline; margin-bottom: 16px; }}
h1 {{ font-size: 20px; margin: 0; }}
p {{ margin: 0; color: GrayText; }}
label, input, select {{ font: inherit; }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 12px; padding: 0; margin: 0; }}
li {{ list-style: none; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }}
li > div {{ padding: 6px 8px 8px; }}
.picture {{ aspect-ratio: 1; display: grid; place-items: center; background: #8882; padding: 0; color: GrayText; }}
.picture img {{ width: 100%; height: 100%; object-fit: contain; }}
.name {{ font-weight: 600; overflow-wrap: anywhere; }}
.facts {{ color: GrayText; font-size: 12px; overflow-wrap: anywhere; }}
.failed .picture, .account .picture {{ outline: 3px solid #c33; outline-offset: -3px; }}
.prompt {{ font-size: 12px; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{summary}</p>
<label>Sort by <select id="sort">
<option value="number">Row</option><option value="name">Name</option><option value="catalog">Catalog</option>
<option value="state">State</option><option value="triangles">Triangles</option><option value="credits">Credits</option>
</select></label>
<label>Find <input id="find" type="search"></label>
</header>
<ul id="sheet">
{items}
</ul>
<script>
"use strict";
const sheet = document.getElementById("sheet");
const items = Array.from(sheet.children);
const numbers = new Set(["number", "triangles", "credits"]);
document.getElementById("sort").addEventListener("change", event => {{
  const key = event.target.value;
  const value = item => numbers.has(key) ? Number(item.dataset[key] || -1) : item.dataset[key];
  const order = (a, b) => numbers.has(key) ? value(a) - value(b) : value(a).localeCompare(value(b));
  const rank = (a, b) => order(a, b) || Number(a.dataset.number) - Number(b.dataset.number);
  items.sort(rank).forEach(item => sheet.appendChild(item));
}});
document.getElementById("find").addEventListener("input", event => {{
  // File names of macOS have letters and their marks apart, which a keyboard writes as one.
  const plain = text => text.normalize("NFC").toLowerCase();
  const words = plain(event.target.value);
  items.forEach(item => {{ item.hidden = !plain(item.textContent).includes(words); }});
}});
</script>
</body>
</html>
"""


class SheetError(TriverseError):
    """The contact sheet cannot be written. The models are in the library nevertheless."""


def page(rows: Sequence[ReportRow], title: str) -> str:
    """Return the page as HTML."""
    found = counts(rows)
    summary = ", ".join(f"{count} {state}" for state, count in found.items())
    return _PAGE.format(
        title=html.escape(title), summary=html.escape(summary), items="\n".join(_item(row) for row in rows)
    )


def tiles(library: Path, rows: Sequence[ReportRow]) -> list[Tile]:
    """Return the tiles of a drawn sheet: finished models with their picture, others with their name only."""
    found = []
    for row in rows:
        thumbnail = row.files.get("thumbnail") if row.state == "done" else None
        picture = inside(library, thumbnail) if thumbnail else None
        facts = f"{row.triangles:,} triangles" if row.triangles is not None else row.state
        found.append(
            Tile(picture if picture is not None and picture.is_file() else None, (f"{row.number}  {row.name}", facts))
        )
    return found


def write(library: Path, rows: Sequence[ReportRow], title: str) -> Path:
    """
    Write the page into a library, and return its path.

    :raises SheetError: the page cannot be written.
    """
    target = library / FILE_NAME
    try:
        write_whole(target, page(rows, title).encode("utf-8", "replace"))
    except OSError as error:
        raise SheetError(
            Sentence.of(
                "The contact sheet {path} cannot be written ({reason}).",
                path=str(target),
                reason=error.strerror or type(error).__name__,
            )
        ) from None
    return target


def _item(row: ReportRow) -> str:
    data = {
        "number": row.number,
        "name": row.name,
        "catalog": row.catalog,
        "state": row.state,
        "triangles": "" if row.triangles is None else row.triangles,
        "credits": "" if row.cost_credits is None else row.cost_credits,
    }
    attributes = " ".join(f'data-{name}="{html.escape(str(value))}"' for name, value in data.items())
    facts = [f"row {row.number}", row.catalog]
    facts += [f"{row.triangles:,} triangles"] if row.triangles is not None else []
    facts += (
        [f"{row.cost_credits:,} credit{'' if row.cost_credits == 1 else 's'}"] if row.cost_credits is not None else []
    )
    parts = [
        f'<li class="{html.escape(row.state.replace(" ", "-"))}" {attributes}>',
        f'<div class="picture">{_picture(row)}</div>',
        f'<div><div class="name">{html.escape(row.name)}</div>',
        f'<div class="facts">{html.escape(" · ".join(fact for fact in facts if fact))}</div>',
    ]
    if row.prompt:
        parts.append(f'<div class="prompt">{html.escape(row.prompt)}</div>')
    if row.state != "done":
        parts.append(f'<div class="facts">{html.escape(row.error or row.state)}</div>')
    if links := _links(row):
        parts.append(f'<div class="facts">{links}</div>')
    return "".join(parts) + "</div></li>"


def _picture(row: ReportRow) -> str:
    thumbnail = row.files.get("thumbnail") if row.state == "done" else None
    if not thumbnail:
        return html.escape("no picture" if row.state == "done" else row.state)
    return f'<img src="{quote(thumbnail)}" alt="" loading="lazy">'


def _links(row: ReportRow) -> str:
    files = {kind: file for kind, file in row.files.items() if kind != "thumbnail"} if row.state == "done" else {}
    return " ".join(f'<a href="{quote(file)}">.{html.escape(kind)}</a>' for kind, file in files.items())
