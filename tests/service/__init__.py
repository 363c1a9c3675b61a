# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Triverse service: the documented API over real HTTP and WebSockets, on loopback.

Started by hand with ``python -m tests.service``; in a test with `server.StandIn`. Needs aiohttp and nothing else; the
sample models are made by Blender in a process of their own.

- `server`: `StandIn`, what a test uses.
- `faults`: what can be made to go wrong, and how.
- `records`: `Settings` (durations, dialect, idempotency…) and what it remembers.
- `state`: what happens to tasks and credits; the words in a prompt that decide what becomes of it.
- `models`, `samples`, `make_models`: the GLBs and previews; the words in a prompt that choose one.
- `clock`: time that can be sped up.
- `flows`, `payloads`: what is accepted and answered. `app`, `uploads`, `watch`, `assets`: the addresses.
- `service`, `wire`: the way of a request through log and faults. `control`: the same powers over HTTP.
"""
