# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.service``: the stand-in, started by hand. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading

from . import models
from .samples import SAMPLES
from .server import StandIn


def main() -> int:
    """Run until interrupted or terminated."""
    parser = argparse.ArgumentParser(prog="python -m tests.service", description="A stand-in for the Triverse service.")
    parser.add_argument("--port", type=int, default=0, help="port of the API (default: a free one)")
    parser.add_argument("--asset-port", type=int, default=0, help="port of the assets (default: a free one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than real; a task takes 20 s at 1"
    )
    parser.add_argument("--key", default="", help="API key that it accepts (default: a random one)")
    parser.add_argument("--credits", type=int, default=10_000, help="credits of the account")
    parser.add_argument("--samples", nargs="*", choices=[*SAMPLES, "all"], default=[], help="models to make at once")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of words")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    samples = tuple(SAMPLES) if "all" in given.samples else tuple(given.samples)
    for sample in samples:
        if not models.is_ready(sample):
            logging.info("Making the sample model %s …", sample)
            models.ensure([sample])
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    standin = StandIn(
        speed=given.speed,
        key=given.key,
        credits=given.credits,
        port=given.port,
        asset_port=given.asset_port,
        usual_sample="20k",
    )
    with standin as s:
        if given.json:
            print(
                json.dumps(
                    {"url": s.url, "asset_url": s.asset_url, "key": s.key, "control_url": f"{s.origin}/_standin"}
                )
            )
        else:
            print(f"export TRIVERSE_API_URL={s.url}\nexport TRIVERSE_API_KEY={s.key}")
            print(f"# assets at {s.asset_url}, tests talk to {s.origin}/_standin, Ctrl-C ends it")
        sys.stdout.flush()
        over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
