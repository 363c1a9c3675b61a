#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One truststore.SSLContext for several connections: a server that does not answer holds up all the others.
#
# A good engineer would guess that an SSLContext can be shared between threads, as that of Python can: settings and
# certificates are in it, and each connection has a socket of its own. truststore's context keeps a lock during every
# handshake, so that handshakes come one after the other. While one server is silent after the TCP connection (a busy
# load balancer, a captive portal), every other thread waits for its time-out, whatever host it wants. A pool with one
# context, which is what requests and urllib3 suggest, turns one slow host into a stop of all downloads.
#
# Versions: truststore 0.10.5 from PyPI, Python 3.11 and 3.13, Linux.
# Input: a silent server with a time-out of 3 s, and 0.3 s later a good server with a certificate that is trusted.
#
# Seen:
#     ssl.SSLContext, shared: the good server was there after 0.0 s
#     truststore.SSLContext, shared: the good server was there after 2.9 s (3.0 s in another run)
#     truststore.SSLContext, one each: the good server was there after 0.1 s
#
# Exit code 0 while it is so, 1 when it changed.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check truststore==0.10.5
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext "subjectAltName=DNS:localhost" -keyout "$scratch/key.pem" -out "$scratch/certificate.pem" 2>/dev/null
cat > "$scratch/look.py" <<'PY'
import socket, ssl, sys, threading, time
import truststore

certificate, key = sys.argv[1:]
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(certificate, key)
silent, good = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))

def serve():
    while True:
        connection, _ = good.accept()
        try:
            serving.wrap_socket(connection, server_side=True).close()
        except OSError:
            pass

threading.Thread(target=serve, daemon=True).start()

def context(kind):
    made = kind(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cafile=certificate)
    return made

def shake(made, port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.settimeout(3.0)
    try:
        made.wrap_socket(connection, server_hostname="localhost").close()
    except TimeoutError:
        connection.close()

def waited(one, other):
    slow = threading.Thread(target=shake, args=(one, silent.getsockname()[1]))
    slow.start()
    time.sleep(0.3)
    began = time.monotonic()
    shake(other, good.getsockname()[1])
    took = time.monotonic() - began
    slow.join()
    return took

plain, shared = context(ssl.SSLContext), context(truststore.SSLContext)
seen = [waited(plain, plain), waited(shared, shared), waited(shared, context(truststore.SSLContext))]
for how, took in zip(["ssl.SSLContext, shared", "truststore.SSLContext, shared", "truststore.SSLContext, one each"], seen):
    print(f"{how}: the good server was there after {took:.1f} s")
sys.exit(0 if seen[0] < 1 < 2 < seen[1] and seen[2] < 1 else 1)
PY
"$scratch/venv/bin/python" "$scratch/look.py" "$scratch/certificate.pem" "$scratch/key.pem"
