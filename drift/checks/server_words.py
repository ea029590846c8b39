"""What the server in use says when something fails: findings quote its error, not another server's."""

from __future__ import annotations

from enum import Enum


class Failure(Enum):
    """A failure and its message by database; where there is none, ``otherwise`` says it without a quotation."""

    NO_TABLE = (
        {
            "postgresql": 'relation "{relation}" does not exist',
            "mysql": "Table '{relation}' doesn't exist",
            "sqlite": "no such table: {relation}",
        },
        "an unknown table {relation}",
    )
    NO_COLUMN = (
        {
            "postgresql": "column {relation}.{column} does not exist",
            "mysql": "Unknown column '{relation}.{column}'",
            "sqlite": "no such column: {relation}.{column}",
        },
        "an unknown column {relation}.{column}",
    )
    NULL = (
        {
            "postgresql": 'null value in column "{column}" of relation "{relation}" violates not-null constraint',
            "mysql": "Column '{column}' cannot be null",
            "sqlite": "NOT NULL constraint failed: {relation}.{column}",
        },
        "a NULL that {relation}.{column} does not take",
    )
    NO_VALUE = (
        {
            "postgresql": 'null value in column "{column}" of relation "{relation}" violates not-null constraint',
            "mysql": "Field '{column}' doesn't have a default value",
            "sqlite": "NOT NULL constraint failed: {relation}.{column}",
        },
        "a NULL that {relation}.{column} does not take",
    )
    NO_CONFLICT_TARGET = (
        {
            "postgresql": "there is no unique or exclusion constraint matching the ON CONFLICT specification",
            "mysql": "no error: it inserts a second row",
            "sqlite": "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
        },
        "no key to find the row by",
    )
    GENERATED = (
        {
            "postgresql": "cannot insert a non-DEFAULT value into column",
            "mysql": "The value specified for generated column '{column}' in table '{relation}' is not allowed",
            "sqlite": 'cannot INSERT into generated column "{column}"',
        },
        "a value that the database computes",
    )
    TOO_LONG = (
        {
            "postgresql": "value too long for type character varying({size})",
            "mysql": "Data too long for column",
        },
        "a value that is too long",
    )
    OUT_OF_RANGE = (
        {"postgresql": "{type} out of range", "mysql": "Out of range value for column"},
        "a number out of range",
    )
    TOO_MANY_DIGITS = (
        {"postgresql": "numeric field overflow", "mysql": "Out of range value for column"},
        "a number out of range",
    )

    def said(self, dialect: str, **names: object) -> str:
        """The message, with the names that it holds."""
        words, otherwise = self.value
        family = "mysql" if dialect == "mariadb" else dialect
        return words.get(family, otherwise).format(**names)
