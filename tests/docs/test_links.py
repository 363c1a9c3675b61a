# SPDX-License-Identifier: GPL-3.0-or-later
"""Every link of the documentation leads to a file and a heading, and every page can be reached from the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.links import anchors, broken, links, pages_of, reached

REPO = Path(__file__).resolve().parents[2]
PAGES = pages_of(REPO)


def named(page: Path) -> str:
    """The path within the checkout, as a test's name."""
    return page.relative_to(REPO).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, REPO) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    names = {named(page) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/architecture.md", "docs/reliability.md"} <= names
    assert [named(page) for page in PAGES if page not in reached(REPO / "README.md")] == []


# -----------------------------------------------------------------------------
# The checker itself

PAGE = """# A page: of `names`, & more

[here](#a-page-of-names--more) [there](other.md#second-1)
![a picture](picture.png) [folder](.) [outside](https://example.com/page#nowhere) <https://example.com>
[two
lines](other.md "with a title") and [by name][name]

[name]: other.md#second

```
[not](read.md) and
# no heading
```
"""
OTHER = "# Other\n\n## Second\n\n### [Second](page.md) ###\n"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "page.md").write_text(PAGE, "utf-8")
    (tmp_path / "other.md").write_text(OTHER, "utf-8")
    (tmp_path / "picture.png").write_bytes(b"")
    return tmp_path


def test_what_leads_somewhere_passes(folder: Path) -> None:
    assert broken(folder / "page.md", folder) == []
    assert broken(folder / "other.md", folder) == []
    assert len(links(PAGE)) == 7


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("[a](#nowhere)", "no such heading"),
        ("[a](#no-heading)", "no such heading"),
        ("[a](#A-page-of-names--more)", "no such heading"),
        ("[a](other.md#third)", "no such heading"),
        ("[a](other.md#second-2)", "no such heading"),
        ("[a](picture.png#part)", "no such heading"),
        ("[a](missing.md)", "no such file"),
        ("![a](pictures/a.png)", "no such file"),
        ("[a](Other.md)", "no such file"),
        ("[a](other.md#first 'x') [b](missing.md)", "no such file"),
        ("[a][b]\n\n[b]: missing.md", "no such file"),
        ("[a](../elsewhere.md)", "leaves the checkout"),
    ],
)
def test_what_leads_nowhere_is_found(folder: Path, link: str, reason: str) -> None:
    (folder / "page.md").write_text(PAGE + "\n" + link + "\n", "utf-8")
    found = broken(folder / "page.md", folder)
    assert len(found) == 1
    assert found[0].endswith(reason)


def test_a_link_in_code_is_none(folder: Path) -> None:
    (folder / "page.md").write_text("`[a](missing.md)` ``[b](`missing.md)`` [c](page.md)", "utf-8")
    assert links((folder / "page.md").read_text("utf-8")) == ["page.md"]


def test_equal_headings_are_numbered() -> None:
    assert anchors("# Same\n# Same\n# Same?\n") == {"same", "same-1", "same-2"}


def test_a_page_without_a_link_to_it_is_not_reached(folder: Path) -> None:
    (folder / "alone.md").write_text("[page](page.md)", "utf-8")
    assert reached(folder / "page.md") == {folder / "page.md", folder / "other.md"}
