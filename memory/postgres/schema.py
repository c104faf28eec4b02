"""The tables of one home in PostgreSQL, made and brought up to date by whoever opens them first.

Each home has a schema of its own: whatever a statement says, it reaches no other home's rows.
"""

from __future__ import annotations

import re
from typing import Any

from psycopg import Connection, sql

from metahuman.state.errors import SettingError

#: A home's schema is this and the home's name.
PREFIX = "metahuman_"
HOME = "METAHUMAN_DATABASE_HOME"
_NAME = re.compile(r"[a-z0-9_]{1,48}")

#: What brings the tables from one version to the next. Statistics would keep words of memories that are gone, and
#: PostgreSQL's guess without them serves the one plan that is wanted.
MIGRATIONS = (
    """
    CREATE TABLE memories (
        id text COLLATE "C" PRIMARY KEY,
        place text NOT NULL,
        at double precision NOT NULL,
        memory json NOT NULL
    );
    CREATE INDEX memories_by_time ON memories (at, id);

    CREATE TABLE documents (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id text COLLATE "C" NOT NULL UNIQUE,
        path text NOT NULL,
        modified bigint NOT NULL,
        size bigint NOT NULL,
        at double precision NOT NULL,
        type text NOT NULL,
        thread text NOT NULL,
        speaker text NOT NULL,
        current boolean NOT NULL,
        words text NOT NULL,
        told text NOT NULL,
        stems tsvector NOT NULL
    );
    CREATE INDEX documents_by_stem ON documents USING gin (stems) WITH (gin_pending_list_limit = 512);
    CREATE INDEX documents_by_thread ON documents (thread, at, number);
    CREATE INDEX documents_by_time ON documents (at, number);

    CREATE TABLE stems (stem text COLLATE "C" PRIMARY KEY, documents bigint NOT NULL) WITH (fillfactor = 60);
    CREATE TABLE totals (documents bigint NOT NULL, stems bigint NOT NULL) WITH (fillfactor = 10);
    INSERT INTO totals VALUES (0, 0);

    ALTER TABLE memories ALTER memory SET STATISTICS 0;
    ALTER TABLE documents ALTER words SET STATISTICS 0, ALTER told SET STATISTICS 0, ALTER stems SET STATISTICS 0;
    ALTER TABLE stems ALTER stem SET STATISTICS 0;

    CREATE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO stems SELECT stem, count(*) FROM changed, unnest(tsvector_to_array(changed.stems)) AS stem
            GROUP BY stem ORDER BY stem
            ON CONFLICT (stem) DO UPDATE SET documents = stems.documents + excluded.documents;
        UPDATE totals SET documents = totals.documents + added.documents, stems = totals.stems + added.stems
            FROM (SELECT count(*) AS documents, coalesce(sum(length(stems)), 0) AS stems FROM changed) AS added
            WHERE added.documents > 0;
        RETURN NULL;
    END $$;
    CREATE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        WITH gone AS (
            SELECT stem, count(*) AS times FROM changed, unnest(tsvector_to_array(changed.stems)) AS stem GROUP BY stem
        ) UPDATE stems SET documents = stems.documents - gone.times FROM gone WHERE stems.stem = gone.stem;
        DELETE FROM stems USING changed, unnest(tsvector_to_array(changed.stems)) AS gone
            WHERE stems.stem = gone AND stems.documents <= 0;
        UPDATE totals SET documents = totals.documents - gone.documents, stems = totals.stems - gone.stems
            FROM (SELECT count(*) AS documents, coalesce(sum(length(stems)), 0) AS stems FROM changed) AS gone
            WHERE gone.documents > 0;
        RETURN NULL;
    END $$;
    CREATE TRIGGER added AFTER INSERT ON documents REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_added();
    CREATE TRIGGER changed_to AFTER UPDATE ON documents REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_added();
    CREATE TRIGGER changed_was AFTER UPDATE ON documents REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_gone();
    CREATE TRIGGER gone AFTER DELETE ON documents REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION count_gone();
    """,
)
#: Held to the end of the transaction by whoever writes to a home: one at a time, so that nobody waits in a circle.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 0))"
_VERSIONS = "CREATE TABLE IF NOT EXISTS versions (version int PRIMARY KEY, made timestamptz NOT NULL DEFAULT now())"


class NewerSchema(Exception):  # noqa: N818 - reads as what happened; becomes a StoreError where the address is known
    """The tables were made by a later version of this program."""


def schema_of(home: str) -> str:
    """Return the schema that a home's tables are in.

    Raises:
        SettingError: If the name cannot be one.
    """
    if not _NAME.fullmatch(home):
        raise SettingError(HOME, "", f"{home!r} cannot name a home", "use up to 48 of a-z, 0-9 and _")
    return PREFIX + home


def prepare(connection: Connection[Any], schema: str) -> None:
    """Make the tables of a home, or bring them up to date. Workers that start at once take turns.

    Args:
        connection: Its search path names the schema.
        schema: The schema, which need not be there yet.

    Raises:
        NewerSchema: If they were made by a later version of this program.
    """
    if _version(connection, schema) == len(MIGRATIONS):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [schema])
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
        connection.execute(_VERSIONS)
        done = _version(connection, schema)
        if done > len(MIGRATIONS):
            raise NewerSchema(f"schema {schema} is of version {done}, this program knows {len(MIGRATIONS)}")
        for version, statements in enumerate(MIGRATIONS[done:], done + 1):
            connection.execute(sql.SQL(statements))
            connection.execute("INSERT INTO versions VALUES (%s)", [version])


def _version(connection: Connection[Any], schema: str) -> int:
    """Return how many of the migrations were made."""
    found = connection.execute("SELECT to_regclass(%s)", [f'"{schema}".versions']).fetchone()
    if found is None or found[0] is None:
        return 0
    latest = connection.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone()
    return int(latest[0]) if latest else 0
