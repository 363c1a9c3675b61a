# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of each of a hundred thousand rows in little memory behaves as the dictionaries that it stands for."""

from __future__ import annotations

import pytest

from triverse_addon.batch.input.order_ids import RowIdentities, key_in
from triverse_addon.batch.rows.settings_of_row import RowSettings


def test_settings_of_a_row_are_those_given() -> None:
    given = {"prompt": "a chair", "polygon_limit": 20_000, "turbo": False, "style": None}
    settings = RowSettings(given)
    assert settings == given
    assert given == settings
    assert dict(settings) == given
    assert list(settings) == list(given)
    assert settings["turbo"] is False
    assert settings.get("seed", "none") == "none"
    assert "style" in settings
    assert "seed" not in settings
    assert settings != {**given, "turbo": True}
    assert RowSettings({}) == {}
    with pytest.raises(KeyError, match="seed"):
        settings["seed"]


def test_later_changes_of_what_was_given_change_no_settings() -> None:
    given = {"prompt": "a chair"}
    settings = RowSettings(given)
    given["prompt"] = "another"
    assert settings["prompt"] == "a chair"


def test_identities_are_found_by_the_numbers_of_their_rows() -> None:
    identities = RowIdentities()
    for number in (2, 3, 7):
        identities.add(number, f"batch_{number:040d}", f"{number:040d}")
    identities.add(9, "batch_content", "key")
    assert dict(identities) == {
        2: (f"batch_{2:040d}", f"{2:040d}"),
        3: (f"batch_{3:040d}", f"{3:040d}"),
        7: (f"batch_{7:040d}", f"{7:040d}"),
        9: ("batch_content", "key"),
    }
    assert key_in(identities[7][0]) == identities[7][1]
    for number in (0, 1, 4, 8, 10):
        assert number not in identities
        with pytest.raises(KeyError):
            identities[number]
