# SPDX-License-Identifier: GPL-3.0-or-later
"""
Release a version: check it, build the zip, write the repository that Blender updates from into ``dist/site``.

    python scripts/release.py 1.2.3
    python scripts/release.py 1.2.3 --withdraw --reason "Loses the list of tasks on Sundays"

``dist/site`` is what any web server or host of pages can serve. It has to hold what is served now, so that the version
before is kept: on another machine, fetch it first. Nothing is sent anywhere. docs/releasing.md has the rest.

No floor (development only); standard library only, Python 3.11 or newer. The work is in ``_dev/repository.py``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev import repository
from _dev.cache import REPO, SetupError, say
from _dev.extension_tool import ToolError
from _dev.package import DIST, BuildError, build, manifest

TESTS = (
    "tests/test_floors.py",
    "tests/docs",
    "tests/words",
    "tests/package/test_build.py",
    "tests/package/test_manifest_rules.py",
    "tests/package/test_permissions.py",
    "tests/package/test_reviewers_list.py",
)
"""Of the whole run that comes before a release, those that hold what it says of itself."""


def problems(version: str, changelog: str) -> list[str]:
    """What in manifest and changelog does not fit the version, a sentence each."""
    found = []
    if manifest()["version"] != version:
        found.append(f"blender_manifest.toml is of version {manifest()['version']}, not {version}.")
    parts = re.split(r"^## \[(.+?)\](.*)$", changelog, flags=re.MULTILINE)[1:]
    texts = dict(zip(parts[::3], parts[2::3], strict=True))
    days = dict(zip(parts[::3], parts[1::3], strict=True))
    newest = next((name for name in texts if name != "Unreleased"), "none")
    if texts.get("Unreleased", "").strip():
        found.append("CHANGELOG.md still has entries under Unreleased.")
    if newest != version:
        found.append(f"The newest version in CHANGELOG.md is {newest}, not {version}.")
    elif not re.fullmatch(r" - \d{4}-\d{2}-\d{2}", days[version]):
        found.append(f"In CHANGELOG.md, the heading of {version} lacks its day: ## [{version}] - 2030-12-31.")
    elif not re.search(r"^- ", texts[version], re.MULTILINE):
        found.append(f"CHANGELOG.md says nothing of {version}.")
    return found


def uncommitted() -> str:
    """What differs from the last commit, as git names it; "" where nothing does."""
    status = ["git", "status", "--porcelain", "--", "triverse_addon", "requirements", "*.toml", "*.md", "LICENSE"]
    return subprocess.run(status, cwd=REPO, capture_output=True, text=True, check=True).stdout.rstrip()


def release(version: str, folder: Path, *, is_tested: bool) -> None:
    """Check, build and write.

    Raises:
        SiteError: something does not agree; each is named.
        BuildError, SetupError: the zip or the repository could not be made.
    """
    found = problems(version, (REPO / "CHANGELOG.md").read_text(encoding="utf-8"))
    if changed := uncommitted():
        found.append(f"Not committed, so that nobody could build the same again:\n{changed}")
    if not found and is_tested:
        say(f"Testing {len(TESTS)} parts ...")
        tests = [sys.executable, str(REPO / "scripts" / "test.py"), *TESTS]
        if subprocess.run(tests, stdout=sys.stderr, check=False).returncode:
            found.append("Tests failed.")
    if found:
        raise repository.SiteError("\n".join(found))
    new = repository.add(folder, build(DIST))
    print(f"{folder} offers {new.version}. Serve it, then tag the commit: git tag v{version}")
    if lacking := repository.gaps(folder):
        print(f"Do not serve it yet: from Blender {', '.join(lacking)} on, no version is offered. Release one first.")


def main() -> int:
    """Do what was asked. Exit code 1 with the reason if it cannot be."""
    parser = argparse.ArgumentParser(description="Release a version of Triverse for Blender.")
    parser.add_argument("version", help="the version, as the manifest has it")
    parser.add_argument("--site", type=Path, default=DIST / "site", help="the repository's folder (default: dist/site)")
    parser.add_argument("--without-tests", action="store_true", help="after a whole run that was green")
    parser.add_argument("--withdraw", action="store_true", help="take the version back, and offer the one before")
    parser.add_argument("--reason", default="", help="why: Blender shows it where there is no version before")
    options = parser.parse_args()
    if options.withdraw != bool(options.reason):
        parser.error("--withdraw and --reason go together.")
    try:
        if options.withdraw:
            left = repository.withdraw(options.site.resolve(), options.version, options.reason)
            print(f"{options.site} offers {left.version}." if left else f"{options.site} refuses to install.")
        else:
            release(options.version, options.site.resolve(), is_tested=not options.without_tests)
    except (repository.SiteError, BuildError, SetupError, ToolError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
