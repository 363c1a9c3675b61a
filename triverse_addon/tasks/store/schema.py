# SPDX-License-Identifier: GPL-3.0-or-later
"""
Brings the tables of the store to the newest version, see ``migrations``.

Floor: first. Thread: the one that opens the store. No ``bpy``.
"""

import sqlite3

from .migrations import MIGRATIONS

#: ``PRAGMA user_version`` of the newest schema.
SCHEMA_VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """
    Migrate the database to the newest version.

    Each step is one transaction, so a power cut leaves a consistent version.
    :param connection: a connection in autocommit mode.
    :raises sqlite3.Error: the database cannot be read or written.
    """
    while True:
        # The version is read inside the write transaction: two Blenders may open a new store at the same time.
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version >= SCHEMA_VERSION:
                return
            migration = MIGRATIONS[version]
            for statement in migration.statements:
                connection.execute(statement)
            if migration.fill is not None:
                migration.fill(connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
