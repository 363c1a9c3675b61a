# SPDX-License-Identifier: GPL-3.0-or-later
"""
Ground floor: a client for the Triverse service, written from its public documentation.

Nothing in this package imports ``bpy``, and importing the package itself imports no network library: `client` and
`websocket` do, so worker threads import them when the first request is made, and ``register()`` never does.

===========================  ===================================================================================
`sentence`                   a message for users that the ui can translate
`errors`                     the exceptions of this package
`urls`                       checks and builds URLs, and removes the key from texts
`fields`, `flows`            the table of flows and their fields; `field_values` checks one value
`upload_checks`              checks of images and models before they are uploaded
`backoff`                    the delay between two tries
`payloads`, `responses`      responses of the service, as dataclasses or as an error; also `payload_values`
`output_values`              finds files and texts of flows that make no model
`client`                     the HTTP client
`http_session`, `multipart`  parts of it; also `requests_session`, `host_policy`, `cancellable_http`, `network_errors`
`event_stream`, `websocket`  the WebSocket client; also `websocket_connection`
===========================  ===================================================================================
"""
