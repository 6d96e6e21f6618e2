"""Migrations are applied once, in order, each in one transaction."""

from __future__ import annotations

import pytest

from workernb import StoreError, UsageError
from workernb.resources.sql.migrations import apply_migrations
from workernb.resources.sql.statements import split, without_transaction


@pytest.fixture
def database(runtime):
    return runtime.stores.database("shop")


def names(database):
    return [name for name, _ in database.tables()]


def test_files_are_applied_once_and_in_order(database, tmp_path):
    (tmp_path / "10_later.sql").write_text("ALTER TABLE a ADD COLUMN c;")
    (tmp_path / "0002_first.sql").write_text(
        "BEGIN TRANSACTION;\nCREATE TABLE a (b); -- a note\n/* more */\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN ';' END; END;\nCOMMIT;\n"
    )
    assert apply_migrations(database, tmp_path) == ["0002_first.sql", "10_later.sql"]
    assert apply_migrations(database, tmp_path) == []
    assert names(database) == ["a", "d1_migrations"]
    _, rows = database.run("SELECT id, name FROM d1_migrations")
    assert rows == [(1, "0002_first.sql"), (2, "10_later.sql")]


@pytest.mark.parametrize(
    "text",
    [
        "-- begin\nBEGIN TRANSACTION; -- it begins\nCREATE TABLE a (b);\nCOMMIT; -- the end\n",
        "/* 1 */ BEGIN /* 2 */ TRANSACTION /* 3 */; CREATE TABLE a (b); /* 4 */ END -- 5\n;",
        "BEGIN;\n-- a\nCREATE TABLE a (b);\n-- b\nCOMMIT TRANSACTION;\n-- c\n/* d */",
        ";BEGIN IMMEDIATE; CREATE TABLE a (b); COMMIT;;",
    ],
)
def test_a_transaction_around_the_file_may_have_comments(database, tmp_path, text):
    (tmp_path / "1.sql").write_text(text)
    assert apply_migrations(database, tmp_path) == ["1.sql"]
    assert names(database) == ["a", "d1_migrations"]


def test_a_file_that_fails_is_rolled_back_and_ends_the_run(database, tmp_path):
    (tmp_path / "1.sql").write_text("CREATE TABLE a (b);")
    (tmp_path / "2.sql").write_text("CREATE TABLE c (d); INSERT INTO nope VALUES (1);")
    (tmp_path / "3.sql").write_text("CREATE TABLE e (f);")
    with pytest.raises(StoreError) as raised:
        apply_migrations(database, tmp_path)
    assert str(raised.value).startswith("The migration 2.sql failed and was rolled back: no such")
    assert raised.value.__notes__ == ["The statement was: INSERT INTO nope VALUES (1);"]
    assert names(database) == ["a", "d1_migrations"]
    (tmp_path / "2.sql").write_text("CREATE TABLE c (d);")
    assert apply_migrations(database, tmp_path) == ["2.sql", "3.sql"]


def test_a_folder_without_migrations_is_refused(database, tmp_path):
    for folder in (tmp_path, tmp_path / "nope"):
        with pytest.raises(UsageError, match="There are no migrations"):
            apply_migrations(database, folder)


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        ("a", ["a"]),
        ("a; b ;", ["a;", "b ;"]),
        ("select ';'; \"b;\" `c;` [d;]", ["select ';';", '"b;" `c;` [d;]']),
        ("a -- x;\n; /* ; */ b", ["a -- x;\n;", "/* ; */ b"]),
        ("a; -- after", ["a;", "-- after"]),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END; b",
            ["CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;", "b"],
        ),
    ],
)
def test_a_text_is_split_into_statements(text, statements):
    assert split(text) == statements


def test_a_transaction_around_all_statements_is_dropped():
    assert without_transaction(["BEGIN TRANSACTION;", "a;", "commit;"]) == ["a;"]
    assert without_transaction(["a;", "COMMIT;"]) == ["a;", "COMMIT;"]
