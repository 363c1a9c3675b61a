#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# websockets closes a connection that is well, once a reader is 16 messages behind, and what had not been read is
# lost.
#
# The library asks with a ping every 20 s, and closes the connection if the answer is not there after 20 s more. That
# reads like a check of the peer. But once more than 16 messages wait for the program, nothing is read from the
# connection until they are nearly used up, and the answer waits in the network behind the messages. So a program that
# takes 4 s for each message, and gets 40 at once, is disconnected by its own side with "keepalive ping timeout",
# although the server answered every ping at once. The messages that were still in the network are gone. Both clients do
# so, the one for threads and that for asyncio. With max_queue=None they do not, and then memory has no limit; or hand
# each message over to a queue of one's own at once; or set ping_timeout=None and look for silence oneself.
#
# Versions: websockets 17.4 from PyPI, Python 3.11 and 3.13. 15.0.1 is the same (tried too).
#
# Input: a server that sends 40 messages and then only answers pings; a reader that takes 0.2 s for each. Times are
# shortened to 0.5 s and 0.5 s.
#
# Seen (are all messages received; if not, why the connection was closed):
#     threads: not all, keepalive ping timeout; without a limit of the queue: all
#     asyncio: not all, keepalive ping timeout; without a limit of the queue: all
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import asyncio, sys, threading, time
import websockets.asyncio.client
import websockets.sync.client
from websockets.sync.server import serve

MESSAGES = 40
OPTIONS = {"ping_interval": 0.5, "ping_timeout": 0.5, "compression": None}


def handler(connection):
    for number in range(10, 10 + MESSAGES):
        connection.send(str(number) * 10_000)
    # From now on the server does nothing but answer pings.
    for _ in connection:
        pass


def read(port, **options):
    got = 0
    try:
        with websockets.sync.client.connect(f"ws://127.0.0.1:{port}", **OPTIONS, **options) as connection:
            while got < MESSAGES:
                connection.recv()
                got += 1
                time.sleep(0.2)
    except websockets.ConnectionClosedError as error:
        return f"{'all' if got == MESSAGES else 'not all'}, {error.sent.reason}"
    return "all" if got == MESSAGES else "not all"


async def read_async(port, **options):
    got = 0
    try:
        async with websockets.asyncio.client.connect(f"ws://127.0.0.1:{port}", **OPTIONS, **options) as connection:
            while got < MESSAGES:
                await connection.recv()
                got += 1
                await asyncio.sleep(0.2)
    except websockets.ConnectionClosedError as error:
        return f"{'all' if got == MESSAGES else 'not all'}, {error.sent.reason}"
    return "all" if got == MESSAGES else "not all"


# The server asks for nothing itself: it is the client that closes.
with serve(handler, "127.0.0.1", 0, ping_interval=None) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.socket.getsockname()[1]
    print(f"threads: {read(port)}; without a limit of the queue: {read(port, max_queue=None)}")
    print(f"asyncio: {asyncio.run(read_async(port))}; ", end="")
    print(f"without a limit of the queue: {asyncio.run(read_async(port, max_queue=None))}", flush=True)
    server.shutdown()
PY
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check websockets==17.4
"$scratch/venv/bin/python" "$scratch/look.py" 2>/dev/null | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
threads: not all, keepalive ping timeout; without a limit of the queue: all
asyncio: not all, keepalive ping timeout; without a limit of the queue: all
WANTED
