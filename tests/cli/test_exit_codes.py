# SPDX-License-Identifier: GPL-3.0-or-later
"""
Each exit code, reached by the real engine against the stand-in, without Blender.

Success, a failure and Ctrl-C are those of a process of its own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.driver import SCRIPT, Cli
from tests.service import models
from tests.service.server import StandIn

CHAIR = ("generate", "--prompt", "a red chair", "--polygon-limit", "1000")


def test_0_a_model_is_delivered(cli: Cli, service: StandIn) -> None:
    answer = cli.finish(cli.start(*CHAIR, "--output", "chair.glb"))
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").read_bytes() == models.glb_path("1k").read_bytes()
    assert answer.lines[-1]["type"] == "result"
    assert answer.lines[-1]["exit_code"] == 0
    assert answer.lines[-1]["output"] == str(cli.folder / "chair.glb")
    assert {line["stage"] for line in answer.of("task")} >= {"queued", "waiting", "ready"}
    assert len(service.state.charged()) == 1
    assert not service.state.leaks
    assert service.key not in answer.people + str(answer.lines)
    assert cli.files_with(service.key) == []
    assert not list(cli.folder.glob(".*.part"))


def test_0_without_output_the_models_place_is_told(cli: Cli) -> None:
    answer = cli.run(*CHAIR)
    assert answer.code == 0
    model = Path(answer.of("result")[0]["model_path"])
    assert model.is_relative_to(cli.data)
    assert model.is_file()
    assert str(model) in answer.people


def test_0_from_a_picture(cli: Cli, service: StandIn) -> None:
    answer = cli.run("generate", "--image", models.preview_path("1k"), "--output", "vase.glb")
    assert answer.code == 0, answer.people
    assert service.state.charged()[0].flow_name == "image-to-model"
    assert (cli.folder / "vase.glb").is_file()


def test_2_an_empty_name_of_a_picture_is_not_the_folder(cli: Cli, service: StandIn) -> None:
    """As of a script's variable that is empty; the sentence named the folder that the command was started in."""
    answer = cli.run("generate", "--image", "")
    assert answer.code == 2
    assert "Picture is missing." in answer.people
    assert str(cli.folder) not in answer.people
    assert not service.state.tasks


def test_0_balance_and_quote(cli: Cli, service: StandIn) -> None:
    assert cli.run("balance").of("balance") == [{"type": "balance", "balance": 10_000, "frozen": 0}]
    quoted = cli.run("quote", "--prompt", "a red chair", "--turbo").of("quote")[0]
    assert quoted["cost_credits"] > 0
    assert quoted["available_credits"] == 10_000
    assert quoted["params"]["turbo"] is True
    assert service.state.charged() == []


def test_0_a_report_tells_of_a_list_that_cannot_be_opened(cli: Cli) -> None:
    """It is what is asked for then, and was refused for the same reason as every other command."""
    (cli.data / "tasks.sqlite3").mkdir(parents=True)
    answer = cli.run("report")
    assert answer.code == 0, answer.people
    (report,) = answer.of("report")
    assert "- List of tasks: The list of tasks in {folder} cannot be opened" in report["text"]
    assert str(cli.data) not in report["text"]
    assert cli.run("list").code == 1


def test_0_a_report_without_the_key(cli: Cli, service: StandIn) -> None:
    assert cli.run("report").of("report")[0]["text"].startswith("# Triverse report")
    assert not cli.data.exists(), "a report changes nothing"
    cli.run("generate", "--prompt", "a secret chair fail")
    sent = len(service.state.requests)
    answer = cli.run("report")
    (report,) = answer.of("report")
    assert answer.code == 0
    assert "1 failed" in report["text"]
    assert report["text"].strip() in answer.people
    assert len(service.state.requests) == sent, "a report sends nothing"
    for private in (service.key, "secret", str(cli.folder), service.url):
        assert private not in report["text"]


@pytest.mark.parametrize("word", ["fail", "cancel", "corrupt", "emptyglb"])
def test_1_a_task_that_ends_badly(cli: Cli, word: str) -> None:
    answer = cli.run("generate", "--prompt", f"a chair {word}", "--output", "chair.glb")
    assert answer.code == 1, answer.people
    assert answer.of("result")[0]["message"]
    assert not (cli.folder / "chair.glb").exists()
    assert len(cli.run("list").of("task")) == 1


BAD_INPUT = {
    "a short prompt": ["generate", "--prompt", "ab"],
    "no prompt": ["generate"],
    "a number out of range": ["generate", "--prompt", "a chair", "--polygon-limit", "5"],
    "no number": ["generate", "--prompt", "a chair", "--texture-size", "big"],
    "an option of another flow": ["generate", "--prompt", "a chair", "--image-count", "2"],
    "a missing picture": ["generate", "--image", "nowhere.png"],
    "an empty picture": ["generate", "--image", "empty.png"],
    "a GIF": ["generate", "--image", "picture.gif"],
    "a file of no kind": ["generate", "--prompt", "a chair", "--output", "chair.obj"],
    "a folder for a file": ["generate", "--prompt", "a chair", "--output", "folder.glb"],
    "no such folder": ["generate", "--prompt", "a chair", "--output", "nowhere/chair.glb"],
    "a .blend without Blender": ["generate", "--prompt", "a chair", "--output", "chair.blend"],
    "no uuid": ["track", "a b"],
    "two models in a .glb": ["track", "a", "b", "--output", "c.glb"],
    "a .glb with merged vertices": ["generate", "--prompt", "a chair", "--merge-vertices", "--output", "chair.glb"],
    "a .glb with smooth edges": ["track", "a", "--smooth-angle", "30", "--output", "c.glb"],
    "an angle out of range": ["generate", "--prompt", "a chair", "--smooth-angle", "200"],
    "merged vertices of words": [
        "generate",
        "--flow",
        "prompt-optimization",
        "--prompt",
        "a chair",
        "--merge-vertices",
    ],
    "no command": [],
}


@pytest.mark.parametrize("argv", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_2_bad_input_is_refused_before_anything_is_sent(cli: Cli, service: StandIn, argv: list[str]) -> None:
    (cli.folder / "empty.png").touch()
    (cli.folder / "picture.gif").write_bytes(b"GIF89a" + bytes(100))
    (cli.folder / "folder.glb").mkdir()
    answer = cli.run(*argv)
    assert answer.code == 2, answer.people
    assert len(answer.people.strip().splitlines()) == 1
    assert answer.of("error")[0]["message"] == answer.people.strip()
    assert service.state.requests == []
    assert not cli.data.exists()


def test_2_a_task_that_the_service_does_not_know(cli: Cli) -> None:
    answer = cli.run("track", "no-such-task")
    assert answer.code == 2, answer.people
    assert "does not know" in answer.people


def test_3_no_key(cli: Cli, service: StandIn) -> None:
    del cli.env["TRIVERSE_API_KEY"]
    answer = cli.run(*CHAIR)
    assert answer.code == 3
    assert "TRIVERSE_API_KEY" in answer.people
    assert service.state.requests == []


def test_3_no_credits(cli: Cli, service: StandIn) -> None:
    service.state.user.balance = 0
    answer = cli.run(*CHAIR)
    assert answer.code == 3, answer.people
    assert "credits" in answer.people
    assert service.state.charged() == []


def test_3_a_wrong_key_and_the_same_command_again(cli: Cli, service: StandIn) -> None:
    cli.env["TRIVERSE_API_KEY"] = "another-key"
    for run in (lambda *argv: cli.finish(cli.start(*argv)), cli.run):
        answer = run(*CHAIR, "--output", "chair.glb")
        assert answer.code == 3, answer.people
        assert "resume" in answer.people
    cli.env["TRIVERSE_API_KEY"] = service.key
    answer = cli.run(*CHAIR, "--output", "chair.glb")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1
    assert len(cli.run("list").of("task")) == 1


def test_4_online_access_is_off(cli: Cli, service: StandIn) -> None:
    cli.env["TRIVERSE_API_URL"] = "https://triverse.invalid/api/v1"
    answer = cli.run(*CHAIR, "--offline")
    assert answer.code == 4
    assert "--offline" in answer.people
    assert not cli.data.exists()


def test_0_a_service_on_this_machine_is_not_the_internet(cli: Cli) -> None:
    assert cli.run("balance", "--offline").code == 0


def test_4_the_service_is_down(cli: Cli, service: StandIn) -> None:
    with service.down():
        assert cli.run("balance").code == 4
        answer = cli.run(*CHAIR, "--output", "chair.glb")
        assert answer.code == 4, answer.people
        assert "resume" in answer.people
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1


def test_4_the_service_answers_nonsense(cli: Cli, service: StandIn) -> None:
    service.faults.add("balance", html=True, status=502, times=None)
    assert cli.run("balance").code == 4


def test_5_timed_out_and_resumed(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    answer = cli.run(*CHAIR, "--output", "chair.glb", "--timeout", "2")
    assert answer.code == 5, answer.people
    assert "resume" in answer.people
    assert not (cli.folder / "chair.glb").exists()
    assert [line["stage"] for line in cli.run("list", "--unfinished").of("task")] == ["waiting"]
    service.state.clock.speed = 40.0
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1
    assert "nothing to resume" in cli.run("resume").people


def test_130_ctrl_c_while_blender_starts(cli: Cli, service: StandIn) -> None:
    """Blender's module swallows the exception: its importer, or an add-on that it starts, goes on without it."""
    (cli.folder / "bpy.py").write_text(
        "import os, signal\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "except KeyboardInterrupt:\n"
        "    pass\n"
        "raise ImportError\n"
    )
    cli.env["PYTHONPATH"] = str(cli.folder)
    answer = cli.finish(cli.start(*CHAIR, "--output", "chair.glb"))
    assert answer.code == -signal.SIGINT, "a shell says 130"
    assert service.state.creations == []


def test_130_interrupted_and_resumed(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    answer = cli.interrupt_at("waiting", *CHAIR, "--output", "chair.glb")
    assert answer.code == 130, answer.people
    assert "resume" in answer.people
    service.state.clock.speed = 40.0
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert (cli.folder / "chair.glb").is_file()
    assert len(service.state.charged()) == 1


def test_a_report_goes_where_stdout_is_led_to(cli: Cli) -> None:
    command = [sys.executable, str(SCRIPT), "report", "--data", str(cli.data)]
    with (cli.folder / "report.txt").open("w") as file:
        told = subprocess.run(command, env=cli.env, stdout=file, stderr=subprocess.PIPE, text=True, check=True).stderr
    led = (cli.folder / "report.txt").read_text()
    assert led.startswith("# Triverse report")
    assert led in told, "and to whom sits at the terminal"
    both = subprocess.run(
        command, env=cli.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout
    assert both.count("# Triverse report") == 1
    listing = subprocess.run([*command[:2], "list", *command[3:]], env=cli.env, capture_output=True, check=True)
    assert listing.stdout == b"", "all else is for people only"
