# SPDX-License-Identifier: GPL-3.0-or-later
"""``generate --count``: the price of all before, one group, and none paid twice."""

from __future__ import annotations

from pathlib import Path

from tests.cli.driver import Cli
from tests.service.server import StandIn

WISH = ("--prompt", "a red chair", "--polygon-limit", "1000")
CHAIRS = ("generate", *WISH, "--count", "3")


def test_the_price_of_all_is_said_and_each_model_is_delivered(cli: Cli, service: StandIn) -> None:
    each = cli.run("quote", *WISH).of("quote")[0]["cost_credits"]
    (quoted,) = cli.run("quote", *WISH, "--count", "3").of("quote")
    assert (quoted["cost_credits"], quoted["count"]) == (3 * each, 3)
    assert service.state.charged() == []
    answer = cli.run(*CHAIRS)
    assert answer.code == 0, answer.people
    assert f"3 variants cost {3 * each} credits, {each} each." in answer.people
    assert answer.of("quote")[0]["cost_credits"] == 3 * each
    results = answer.of("result")
    assert [line["name"] for line in results] == ["a red chair 1", "a red chair 2", "a red chair 3"]
    assert len({line["model_path"] for line in results}) == 3
    assert all(Path(line["model_path"]).is_file() for line in results)
    assert len(service.state.charged()) == 3
    assert service.state.user.charged == 3 * each


def test_the_same_command_again_costs_nothing(cli: Cli, service: StandIn) -> None:
    first = cli.run(*CHAIRS)
    again = cli.run(*CHAIRS)
    assert again.code == 0, again.people
    assert "3 of these variants were ordered before" in again.people
    paths = [[line["model_path"] for line in answer.of("result")] for answer in (first, again)]
    assert paths[0] == paths[1]
    assert again.of("quote") == []
    more = cli.run("generate", *WISH, "--count", "4")
    assert more.code == 0, more.people
    assert len(service.state.charged()) == 4
    anew = cli.run("generate", *WISH, "--count", "2", "--allow-duplicate")
    assert anew.code == 0, anew.people
    assert len(service.state.charged()) == 6


def test_a_command_that_is_interrupted_goes_on_where_it_was(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 1.0
    assert cli.interrupt_at("waiting", *CHAIRS).code == 130
    service.state.clock.speed = 40.0
    answer = cli.run(*CHAIRS)
    assert answer.code == 0, answer.people
    assert len(answer.of("result")) == 3
    assert len(service.state.charged()) == 3


def test_without_credits_for_all_none_is_ordered(cli: Cli, service: StandIn) -> None:
    each = cli.run("quote", *WISH).of("quote")[0]["cost_credits"]
    service.state.user.balance = 3 * each - 1
    answer = cli.run(*CHAIRS)
    assert answer.code == 3
    assert "1 credit is missing" in answer.people
    assert service.state.creations == []
    assert cli.run("list").of("task") == []


def test_what_cannot_be_is_said_before_anything_is_sent(cli: Cli, service: StandIn) -> None:
    for argv, said in (
        ((*CHAIRS, "--output", "chair.glb"), "A .glb file takes one model."),
        (("generate", *WISH, "--count", "9"), "a whole number from 1 to 8"),
        (("generate", *WISH, "--count", "0"), "a whole number from 1 to 8"),
    ):
        answer = cli.run(*argv)
        assert answer.code == 2
        assert said in answer.people
    assert service.state.requests == []
