"""One of everything that PostgreSQL lets a model express: what the fault catalogue breaks, facet by facet."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData()

mood = pg.ENUM("calm", "bored", "tense", "wild", name="mood", metadata=metadata)
region = pg.ENUM("north", "south", name="region", schema="app", metadata=metadata)
positive = pg.DOMAIN(
    "positive", sa.Integer(), check=sa.text("VALUE > 0"), constraint_name="positive_value", metadata=metadata
)
invoice_numbers = sa.Sequence("invoice_numbers", start=1000, increment=10, metadata=metadata)

owners = sa.Table(
    "owners",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(255), nullable=False, comment="where letters go"),
    sa.Column("name", sa.Text),
    sa.Column("mood", mood, nullable=False, server_default="calm"),
    sa.Column("score", sa.Numeric(10, 2), server_default=sa.text("0")),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("tags", pg.ARRAY(sa.Text)),
    sa.Column("labels", pg.ARRAY(sa.Text)),
    sa.Column("profile", pg.JSONB, server_default=sa.text("'{}'::jsonb")),
    sa.Column("code", sa.String(10, collation="C")),
    sa.Column("full_name", sa.Text, sa.Computed("name || '!'", persisted=True)),
    sa.Column("amount", positive),
    sa.Column("waits", sa.Interval),
    sa.UniqueConstraint("email", name="uq_owners_email"),
    sa.UniqueConstraint("name", "code", name="uq_owners_name_code", deferrable=True, initially="DEFERRED"),
    sa.CheckConstraint("score >= 0", name="ck_owners_score"),
    sa.Index("ix_owners_name", "name"),
    sa.Index("ix_owners_lower_email", sa.text("lower(email)")),
    sa.Index("ix_owners_active", "created_at", postgresql_where=sa.text("mood <> 'wild'")),
    sa.Index("ix_owners_labels", "labels", postgresql_using="gin"),
    sa.Index("ix_owners_pattern", "name", postgresql_ops={"name": "text_pattern_ops"}),
    sa.Index("ix_owners_score", sa.text("score DESC NULLS LAST")),
    sa.Index("ix_owners_include", "email", postgresql_include=["name"]),
    sa.Index("ix_owners_code", "code", unique=True),
    comment="who owns tickets",
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True, start=100, increment=5), primary_key=True),
    sa.Column("owner_id", sa.Integer, nullable=False),
    sa.Column("parent_id", sa.BigInteger),
    sa.Column("number", sa.BigInteger, invoice_numbers, server_default=invoice_numbers.next_value()),
    sa.Column("period", pg.INT4RANGE),
    sa.Column("region", region),
    sa.Column("plan_code", sa.String(20)),
    sa.Column("title", sa.String(80), nullable=False),
    sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name="fk_tickets_owner", ondelete="CASCADE"),
    sa.ForeignKeyConstraint(
        ["parent_id"], ["tickets.id"], name="fk_tickets_parent", deferrable=True, initially="DEFERRED"
    ),
    sa.ForeignKeyConstraint(
        ["region", "plan_code"], ["app.plans.region", "app.plans.code"], name="fk_tickets_plan", ondelete="SET NULL"
    ),
    sa.CheckConstraint("title IN ('bug', 'wish', 'question')", name="ck_tickets_title"),
    pg.ExcludeConstraint(("period", "&&"), name="ex_tickets_period", using="gist"),
)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("region", region, nullable=False),
    sa.Column("code", sa.String(20), nullable=False),
    sa.Column("price", sa.Numeric(8, 2), nullable=False),
    sa.Column("note", sa.Text),
    sa.PrimaryKeyConstraint("region", "code", name="pk_plans"),
    schema="app",
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("payload", sa.JSON),
    sa.PrimaryKeyConstraint("id", "at"),
    postgresql_partition_by="RANGE (at)",
)

SETUP = "CREATE SCHEMA app;"
"""What must be there before ``create_all()``."""

ROWS = """
INSERT INTO app.plans VALUES ('north', 'a', 10, 'small'), ('south', 'b', 20, NULL);
INSERT INTO owners (email, name, mood, score, tags, code, amount, waits)
    VALUES ('a@example.com', 'Ann', 'calm', 1.5, '{x,y}', 'A1', 1, '1 day'),
           ('b@example.com', 'Bob', 'tense', 0, NULL, 'B2', 2, NULL);
INSERT INTO tickets (owner_id, parent_id, period, region, plan_code, title)
    VALUES (1, NULL, '[1,5)', 'north', 'a', 'bug'), (2, 100, '[5,9)', NULL, NULL, 'wish');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO events VALUES (1, '2024-05-01', '{}');
"""
"""Rows that every repair must keep, and a partition, which is no drift."""
