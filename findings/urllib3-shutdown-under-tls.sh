#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# After HTTPResponse.shutdown(), urllib3 hands out the encrypted bytes of a TLS connection as the body.
#
# shutdown() is there to end a read() in another thread, as of a download that is cancelled. It calls the socket's own
# shutdown(SHUT_RD), and that of an ssl.SSLSocket takes TLS off first. What the system has received by then can still be
# read, and is read without TLS: no error is raised, the length is right, and what was asked for is not what the server
# sent. Whoever keeps the part of a file that has come, to resume it later, keeps that in its middle. Without TLS, what
# had come is handed out as it was sent. So shut the connection down below TLS, by socket.socket.shutdown(sock, how), or
# throw away what was read since.
#
# Versions: urllib3 2.8.0 with Python 3.11 (trustme 1.2.1 makes the certificate), from PyPI.
#
# Seen; the server has sent all of the body before shutdown() is called:
#     http: 40000 bytes, as they were sent: True
#     https: 40000 bytes, as they were sent: False
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat > "$scratch/look.py" <<'PY'
import socket, ssl, threading, time
import trustme, urllib3

SIZE = 1_000_000
authority = trustme.CA()
of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("localhost").configure_cert(of_server)
of_client = ssl.create_default_context()
authority.configure_trust(of_client)


def serve(listener, with_tls):
    connected, _ = listener.accept()
    if with_tls:
        connected = of_server.wrap_socket(connected, server_side=True)
    with connected:
        connected.recv(65536)
        try:
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE + b"a" * SIZE)
            connected.recv(1)
        except OSError:  # the client has gone
            pass


for scheme in ("http", "https"):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener, scheme == "https"), daemon=True).start()
    port = listener.getsockname()[1]
    if scheme == "https":
        pool = urllib3.HTTPSConnectionPool("localhost", port, ssl_context=of_client)
    else:
        pool = urllib3.HTTPConnectionPool("localhost", port)
    response = pool.urlopen("GET", "/", preload_content=False)
    assert response.read(50_000) == b"a" * 50_000
    time.sleep(1.0)  # until more has come than is read below
    response.shutdown()
    part = response.read(40_000)
    print(f"{scheme}: {len(part)} bytes, as they were sent: {part == b'a' * len(part)}", flush=True)
PY
python3.11 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check urllib3==2.8.0 trustme==1.2.1
"$scratch/venv/bin/python" "$scratch/look.py" | tee "$scratch/seen"
diff - "$scratch/seen" <<'WANTED'
http: 40000 bytes, as they were sent: True
https: 40000 bytes, as they were sent: False
WANTED
