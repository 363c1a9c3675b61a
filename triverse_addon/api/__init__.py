# SPDX-License-Identifier: GPL-3.0-or-later
"""
Ground floor: the Triverse service as its documentation describes it.

Nothing in this package imports ``bpy``, and importing the package itself imports no network library: `client` and
`websocket` do, so they are imported by worker threads when the first request is made and never by ``register()``.

===========================  ===========================================================================
`sentence`                   a sentence for people that the ui can translate
`errors`                     everything that can go wrong here, as types
`urls`                       which addresses are allowed, and texts without the key
`fields`, `flows`            the one table of flows and their fields; `field_values` checks one value
`upload_checks`              pictures and models checked before they are uploaded
`payloads`, `responses`      what the service answers, as dataclasses or as an error
`client`                     the HTTP side
`http_session`, `multipart`  parts of it; also `cancellable_http` and `network_errors`
`event_stream`, `websocket`  the WebSocket side
===========================  ===========================================================================
"""
