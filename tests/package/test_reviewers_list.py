# SPDX-License-Identifier: GPL-3.0-or-later
"""
What reviewers of Blender's extension platform look for, as far as the source and the built zip can show it.

One: ``python scripts/test.py tests/package/test_reviewers_list.py``. What is held elsewhere: each permission is needed
and each need is declared (``test_permissions.py``); nothing is left behind in Blender, nothing is written into the
add-on's folder (``test_installed.py``); nothing is sent without consent (``tests/blender``, ``test_script.py``).
"""

from __future__ import annotations

import ast
import email
import functools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts._dev.package import MANIFEST, REPO, fetch_wheels, manifest
from scripts._dev.visible_text import visible_texts

PACKAGE = REPO / "triverse_addon"
CREDIT = re.compile(r"(?P<years>\d{4}(?:-\d{4})?) (?P<holder>.+) \((?P<wheel>\w+), (?P<licence>[\w.-]+)\)")


class Module(NamedTuple):
    """A shipped module: its name in the package, its syntax tree, and that as source, which has no comments."""

    name: str
    tree: ast.Module
    text: str


@functools.cache
def modules() -> list[Module]:
    """All shipped modules. To parse them takes a second, and to write them as source again two."""
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 100
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    names = [path.relative_to(PACKAGE).as_posix() for path in paths]
    return [Module(name, tree, ast.unparse(tree)) for name, tree in zip(names, trees, strict=True)]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


# ----------------------------------------------------------------------
# Manifest and credits


class Wheel(NamedTuple):
    """What a bundled wheel says about itself."""

    name: str
    licence: str
    licence_texts: str


def _wheel(path: Path) -> Wheel:
    with zipfile.ZipFile(path) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        told = email.message_from_bytes(archive.read(metadata))
        texts = [name for name in archive.namelist() if re.search(r"\.dist-info/.*(LICEN[CS]E|NOTICE)", name)]
        text = "\n".join(archive.read(name).decode("utf-8") for name in texts)
    return Wheel(path.name.partition("-")[0], told["License-Expression"] or told["License"], text)


def test_the_holders_of_every_bundled_wheel_are_credited() -> None:
    listed = manifest()["copyright"]
    assert isinstance(listed, list)
    ours, *others = listed
    assert "Triverse for Blender" in ours
    credited = {}
    for line in others:
        found = re.fullmatch(
            r"(?P<years>\d{4}(?:-\d{4})?) (?P<holder>.+) \((?P<wheel>\w+), (?P<licence>[\w.-]+)\)", line
        )
        assert found, line
        credited[found["wheel"]] = found
    for wheel in map(_wheel, fetch_wheels()):
        found = credited.pop(wheel.name)
        assert found["licence"] == wheel.licence
        assert wheel.licence_texts, "the licence comes with the wheel"
        notice = re.search(r"^Copyright (?:\(c\) )?(?:([\d-]+),? )?(.+?)[.,]*$", wheel.licence_texts, re.MULTILINE)
        if notice and notice[1]:
            assert found["years"] == notice[1], notice[0]
        if notice:
            assert found["holder"].rstrip(".") == notice[2].rstrip("."), notice[0]
        else:  # certifi's text names whose list of certificates it is
            assert "Mozilla" in found["holder"]
            assert "Mozilla" in wheel.licence_texts
    assert not credited, "credited and not bundled"


def test_a_website_is_a_true_one_or_none() -> None:
    """The project has no public address yet, and an invented one would send people to somebody else."""
    website = manifest().get("website")
    if website is None:
        assert "has no public address yet" in (REPO / "docs" / "releasing.md").read_text("utf-8")
    else:
        assert re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/\S*)?", str(website))
        assert not re.search(r"example\.|invalid|localhost|\.test\b", str(website))


def test_licence_and_names_are_what_the_platform_takes() -> None:
    described = manifest()
    assert described["license"] == ["SPDX:GPL-3.0-or-later"]
    assert (REPO / "LICENSE").read_text("utf-8").split()[:3] == ["GNU", "GENERAL", "PUBLIC"]
    # The platform does not take Blender's name in that of an extension, nor a price.
    texts = f"{described['name']} {described['tagline']}".lower()
    assert not re.search(r"blender|free|buy|\bpro\b|discount|premium|[$€]", texts)


# ----------------------------------------------------------------------
# The source


def test_no_shipped_module_changes_the_search_path() -> None:
    """No two add-ons may see each other's modules by their plain names. A child's command gives it its path."""
    found = []
    for module in modules():
        for node in ast.walk(module.tree):
            changes = (ast.Assign, ast.AugAssign, ast.Delete, ast.Call)
            if isinstance(node, changes) and re.search(r"\bsys\.path(_hooks|_importer_cache)?\b", _changed(node)):
                found.append(f"{module.name}:{node.lineno}")
    assert not found


def _changed(node: ast.AST) -> str:
    """What a statement or a call changes, as source."""
    if isinstance(node, ast.Assign):
        return " ".join(ast.unparse(target) for target in node.targets)
    if isinstance(node, ast.AugAssign):
        return ast.unparse(node.target)
    if isinstance(node, ast.Delete):
        return " ".join(ast.unparse(target) for target in node.targets)
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return name if name.endswith((".append", ".insert", ".extend", ".remove", ".clear", ".pop")) else ""


@pytest.mark.parametrize(
    "source",
    [
        "sys.path.insert(0, str(Path(__file__).parent))",
        "sys.path.append(x)",
        "sys.path += [x]",
        "sys.path[:0] = [x]",
        "sys.path = [x]",
        "del sys.path[0]",
    ],
)
def test_a_change_of_the_search_path_would_be_seen(source: str) -> None:
    assert any(re.search(r"\bsys\.path\b", _changed(node)) for node in ast.walk(ast.parse(source)))


def test_modules_are_imported_by_relative_names() -> None:
    """An extension's package has another name in each repository. Scripts of the child are no modules of it."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert not str(node.module).startswith("triverse_addon"), module.name
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("triverse_addon") for alias in node.names), module.name
        texts = (node for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
        assert not any(str(text.value).startswith("bl_ext.user_default") for text in texts), module.name


def test_preferences_and_files_are_found_by_the_packages_own_name() -> None:
    for path in PACKAGE.rglob("*.py"):
        for given in re.findall(
            r"(?:extension_path_user|preferences\.addons)[(\[.]+([^,)\]]*)", path.read_text("utf-8")
        ):
            assert given.strip("\"'") != "triverse", path.name


def test_online_access_is_switched_on_by_blender_itself() -> None:
    """What asks the user, and may one day ask more, is Blender's own operator. A child may only switch it off."""
    switched: dict[str, set[str]] = {}
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign) and "use_online_access" in _changed(node):
                switched.setdefault(module.name, set()).add(ast.unparse(node.value))
    assert switched == {"scene/worker/job_loop.py": {"False"}}
    asked = [module.name for module in modules() if "userpref_allow_online" in module.text]
    assert asked == ["ui/setup/operators.py"]


def test_nothing_is_fetched_to_be_run() -> None:
    """No code from elsewhere, no installer, no shell."""
    for module in modules():
        for name, call in calls(module.tree):
            assert name not in ("exec", "eval", "compile", "os.system", "os.popen", "__import__"), module.name
            shell = [keyword for keyword in call.keywords if keyword.arg == "shell"]
            assert not shell, module.name
        names = {alias.name for node in ast.walk(module.tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"pip", "ensurepip", "site", "pickle", "marshal"}, module.name


def test_operators_panels_and_menus_are_named_for_the_add_on() -> None:
    kinds = re.compile(r"TRIVERSE_(OT|PT|MT|UL|FH|HT)_[a-z0-9_]+$")
    seen = 0
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for statement in node.body:
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "bl_idname":
                    name = ast.literal_eval(statement.value) if isinstance(statement.value, ast.Constant) else ""
                    assert not name or name.startswith("triverse.") or kinds.match(name), f"{module.name}: {name}"
                    seen += bool(name)
    assert seen > 40


def test_no_advert_stands_in_the_way() -> None:
    """Prices of what a button does are said; nothing is praised, and no page opens by itself."""
    praise = re.compile(r"(?i)\b(buy|upgrade to|premium|discount|subscribe|sign up|follow us|donate|patreon)\b")
    assert [text for text in visible_texts() if praise.search(text.text)] == []
    opens = {
        module.name for module in modules() if any(name == "bpy.ops.wm.url_open" for name, _ in calls(module.tree))
    }
    assert opens <= {"ui/generate/cost.py"}
    assert not any("webbrowser" in module.text for module in modules())


def test_nothing_in_the_package_is_no_source_of_it() -> None:
    """No binaries, no archives, nothing hidden."""
    kinds = {path.suffix for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert kinds <= {".py", ".png", ".json", ".html", ".css", ".js", ".svg"}, kinds
    assert MANIFEST.is_file()
