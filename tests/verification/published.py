"""Small schemas of the kinds that are published: what each kind has that models cannot say.

Each has one mapped table, in which the models differ by one column more, one column less, and one other type.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A schema, and the models of one of its tables.

    Attributes:
        sql: What makes it.
        table: The mapped table, as SQLAlchemy's ``Table`` is called: name, columns, schema.
        changed: Its column with another type, and that type as the server spells it.
        gone: Its column that the models do not have.
        rows: Rows that were there before, which the repair keeps.
        after: What takes away what is not in the database alone.
    """

    sql: str
    table: str
    changed: tuple[str, str]
    gone: str
    rows: str
    after: str = ""


PAGILA = Published(
    """
CREATE TYPE mpaa_rating AS ENUM ('G', 'PG', 'R');
CREATE DOMAIN year AS integer CONSTRAINT year_check CHECK (VALUE >= 1901 AND VALUE <= 2155);
CREATE FUNCTION _group_concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$SELECT CASE WHEN $2 IS NULL THEN $1 WHEN $1 IS NULL THEN $2 ELSE $1 || ', ' || $2 END$$;
CREATE AGGREGATE group_concat(text) (SFUNC = _group_concat, STYPE = text);
CREATE FUNCTION last_updated() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN NEW.last_update = CURRENT_TIMESTAMP; RETURN NEW; END$$;
CREATE SEQUENCE film_film_id_seq;
CREATE TABLE language (language_id serial PRIMARY KEY, name character(20) NOT NULL);
CREATE TABLE film (
    film_id integer DEFAULT nextval('film_film_id_seq') PRIMARY KEY, title varchar(255) NOT NULL, release_year year,
    language_id integer NOT NULL REFERENCES language, rental_rate numeric(4, 2) DEFAULT 4.99 NOT NULL,
    rating mpaa_rating DEFAULT 'G', special_features text[], fulltext tsvector NOT NULL, picture bytea,
    last_update timestamp NOT NULL DEFAULT now());
CREATE INDEX film_fulltext_idx ON film USING gist (fulltext);
CREATE TRIGGER film_fulltext_trigger BEFORE INSERT OR UPDATE ON film FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title');
CREATE TRIGGER last_updated BEFORE UPDATE ON film FOR EACH ROW EXECUTE FUNCTION last_updated();
CREATE VIEW film_list AS SELECT l.name, group_concat(f.title) AS films, max(f.rental_rate) AS price
    FROM film f JOIN language l USING (language_id) GROUP BY l.name;
CREATE TABLE payment (payment_id integer, film_id integer REFERENCES film, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE payment_2024 PARTITION OF payment FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE RULE payment_insert AS ON INSERT TO payment WHERE NEW.payment_id < 0 DO INSTEAD NOTHING;
INSERT INTO language (name) VALUES ('English');
INSERT INTO film (title, language_id, rental_rate) VALUES ('Academy Dinosaur', 1, 0.99);
""",
    """"film", metadata, Column("film_id", Integer, Sequence("film_film_id_seq"), primary_key=True,
    server_default=text("nextval('film_film_id_seq')")), Column("title", String(255), nullable=False),
    Column("release_year", DOMAIN("year", Integer, create_type=False)),
    Column("language_id", ForeignKey("language.language_id"), nullable=False),
    Column("rental_rate", Numeric(6, 3), nullable=False, server_default="4.99"),
    Column("rating", Enum("G", "PG", "R", name="mpaa_rating"), server_default="G"),
    Column("special_features", ARRAY(Text)), Column("fulltext", TSVECTOR, nullable=False),
    Column("last_update", DateTime, nullable=False, server_default=func.now()), Column("added", Text),
    Index("film_fulltext_idx", "fulltext", postgresql_using="gist")""",
    ("rental_rate", "numeric(6,3)"),
    "picture",
    "SELECT title, rental_rate FROM film",
)
NORTHWIND = Published(
    """
CREATE TABLE customers (customer_id character varying(5) NOT NULL PRIMARY KEY, company_name varchar(40) NOT NULL);
CREATE TABLE orders (order_id smallint NOT NULL PRIMARY KEY, customer_id varchar(5) REFERENCES customers,
    order_date date, freight real, ship_region varchar(15));
CREATE TABLE order_details (order_id smallint NOT NULL REFERENCES orders, product_id smallint NOT NULL,
    unit_price real NOT NULL, discount real NOT NULL, PRIMARY KEY (order_id, product_id));
CREATE VIEW "Order Subtotals" AS SELECT o.order_id, sum(d.unit_price - d.discount) + min(o.freight) AS subtotal
    FROM orders o JOIN order_details d USING (order_id) GROUP BY o.order_id;
CREATE VIEW "Sales Totals" AS SELECT sum(subtotal) AS total FROM "Order Subtotals";
COMMENT ON VIEW "Sales Totals" IS 'of all time';
INSERT INTO orders VALUES (10248, NULL, '1996-07-04', 32.38, NULL);
""",
    """"orders", metadata, Column("order_id", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_id", String(5), ForeignKey("customers.customer_id")), Column("order_date", Date),
    Column("freight", Double), Column("added", Text)""",
    ("freight", "double precision"),
    "ship_region",
    "SELECT order_id, order_date FROM orders",
)
ADVENTUREWORKS = Published(
    """
CREATE SCHEMA person; CREATE SCHEMA hr; CREATE SCHEMA pe; CREATE SCHEMA tools;
DO $$ BEGIN CREATE EXTENSION "uuid-ossp" SCHEMA tools;
EXCEPTION WHEN feature_not_supported THEN
    CREATE FUNCTION tools.uuid_generate_v1() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'; END $$;
CREATE DOMAIN "Name" AS varchar(50); CREATE DOMAIN "Flag" AS boolean NOT NULL;
CREATE TABLE person.businessentity (id serial PRIMARY KEY, rowguid uuid NOT NULL DEFAULT (tools.uuid_generate_v1()));
CREATE TABLE person.person (businessentityid int NOT NULL REFERENCES person.businessentity PRIMARY KEY,
    firstname "Name" NOT NULL, onlist "Flag" DEFAULT true, title varchar(8), about xml,
    CONSTRAINT "CK_Person_Title" CHECK (upper(title) <> 'X'));
CREATE TABLE hr.employee (businessentityid int PRIMARY KEY REFERENCES person.person, hired date DEFAULT now());
CREATE VIEW pe.p AS SELECT businessentityid AS id, firstname FROM person.person;
CREATE VIEW hr.vemployee AS SELECT e.businessentityid, e.hired, p.firstname
    FROM hr.employee e JOIN person.person p USING (businessentityid);
CREATE MATERIALIZED VIEW person.vstate AS SELECT count(businessentityid) AS n FROM person.person;
CREATE STATISTICS person.names ON firstname, onlist FROM person.person;
COMMENT ON SCHEMA person IS 'people''s names';
INSERT INTO person.businessentity DEFAULT VALUES;
INSERT INTO person.person VALUES (1, 'Ken', true, 'Mr.');
""",
    """"person", metadata, Column("businessentityid", ForeignKey("person.businessentity.id"), primary_key=True),
    Column("firstname", DOMAIN("Name", String(50), create_type=False), nullable=False),
    Column("onlist", DOMAIN("Flag", Boolean, not_null=True, create_type=False), nullable=False,
        server_default=text("true")),
    Column("title", String(20)), Column("added", Text),
    CheckConstraint("upper(title) <> 'X'", name="CK_Person_Title"), schema="person" """,
    ("title", "character varying(20)"),
    "about",
    "SELECT businessentityid, firstname, title FROM person.person",
)
SUPABASE = Published(
    """
CREATE SCHEMA auth; CREATE SCHEMA extensions; CREATE SCHEMA storage;
DO $$ BEGIN
    CREATE ROLE drift_anon NOLOGIN; CREATE ROLE drift_service NOLOGIN BYPASSRLS;
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE EXTENSION pgcrypto SCHEMA extensions;
EXCEPTION WHEN feature_not_supported THEN
    CREATE FUNCTION extensions.digest(text, text) RETURNS bytea LANGUAGE sql AS 'SELECT sha256($1::bytea)'; END $$;
CREATE TABLE auth.users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
    $$SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid$$;
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE, username varchar(30),
    token text DEFAULT encode(extensions.digest('a', 'sha256'), 'hex'), bio text, visits integer NOT NULL DEFAULT 0);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY "Own profile: read" ON profiles FOR SELECT TO drift_anon USING (auth.uid() = id);
CREATE POLICY service ON profiles TO drift_service USING (true) WITH CHECK (true);
CREATE FUNCTION handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
    $$BEGIN INSERT INTO public.profiles (id) VALUES (NEW.id); RETURN NEW; END$$;
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION handle_new_user();
CREATE VIEW public_profiles AS SELECT id, username, visits FROM profiles;
GRANT USAGE ON SCHEMA auth, extensions TO drift_anon;
GRANT SELECT ON public_profiles, profiles TO drift_anon;
GRANT UPDATE (username) ON profiles TO drift_anon;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO drift_service;
CREATE PUBLICATION supabase_realtime FOR TABLE profiles;
CREATE FUNCTION storage.loud() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
INSERT INTO auth.users (email) VALUES ('a@example.org');
""",
    """"profiles", metadata,
    Column("id", UUID, ForeignKey("auth.users.id", ondelete="CASCADE"), primary_key=True),
    Column("username", String(30)),
    Column("token", Text, server_default=text("encode(extensions.digest('a', 'sha256'), 'hex')")),
    Column("visits", BigInteger, nullable=False, server_default="0"), Column("added", Text)""",
    ("visits", "bigint"),
    "bio",
    "SELECT username, token, visits FROM profiles",
    "DROP OWNED BY drift_anon, drift_service; DROP ROLE drift_anon, drift_service;",
)
MUSICBRAINZ = Published(
    """
CREATE SCHEMA musicbrainz;
SET search_path = musicbrainz, public;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = musicbrainz, public', current_database()); END $$;
DO $$ BEGIN
    CREATE COLLATION musicbrainz (provider = icu, locale = '@colCaseFirst=lower;colNumeric=yes');
EXCEPTION WHEN feature_not_supported THEN CREATE COLLATION musicbrainz (provider = libc, locale = 'C'); END $$;
CREATE TEXT SEARCH DICTIONARY mb_simple_stem (template = simple);
CREATE TEXT SEARCH CONFIGURATION mb_simple (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION mb_simple ALTER MAPPING FOR word, asciiword WITH mb_simple_stem;
CREATE TYPE fluency AS ENUM ('basic', 'native');
CREATE TYPE edit_note_status AS (at timestamptz, reason text);
CREATE TYPE years AS RANGE (subtype = int4);
CREATE DOMAIN locale AS text COLLATE musicbrainz CHECK (value <> '');
CREATE FUNCTION begins_before(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
CREATE OPERATOR <<< (leftarg = int, rightarg = int, function = begins_before);
CREATE AGGREGATE median_of (int) (sfunc = int4larger, stype = int);
CREATE FUNCTION controlled_for_whitespace(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
    $$SELECT NOT $1 ~ E'\\\\s\\\\s+' AND $1 <> 'a:b'$$;
CREATE FUNCTION as_text(edit_note_status) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).reason';
CREATE CAST (edit_note_status AS text) WITH FUNCTION as_text(edit_note_status);
CREATE TABLE artist (id serial PRIMARY KEY, name varchar COLLATE musicbrainz NOT NULL, fluent fluency,
    begin_year smallint, end_year smallint, comment varchar(255) NOT NULL DEFAULT '', status edit_note_status,
    note text DEFAULT 'k :bind a\\:b', code text GENERATED ALWAYS AS (':' || fluent_word(name)) STORED,
    CONSTRAINT whitespace CHECK (controlled_for_whitespace(name)), CONSTRAINT colon CHECK (comment <> ':no'),
    CONSTRAINT ended CHECK (end_year IS NULL OR begin_year <<< end_year));
CREATE INDEX artist_idx_name ON artist (name) WHERE name <> ':p' COLLATE "C";
CREATE INDEX artist_idx_txt ON artist USING gin (to_tsvector('mb_simple', name));
CREATE TABLE artist_meta (artist int PRIMARY KEY REFERENCES artist, status edit_note_status);
INSERT INTO artist (name, begin_year) VALUES ('Nina', 1933);
""".replace("fluent_word(name)", "lower(name)"),
    """"artist", metadata, Column("id", Integer, primary_key=True),
    Column("name", String(collation="musicbrainz"), nullable=False),
    Column("fluent", Enum("basic", "native", name="fluency")), Column("begin_year", SmallInteger),
    Column("end_year", SmallInteger), Column("comment", String(500), nullable=False, server_default=""),
    Column("code", Text, Computed("':' || lower(name)", persisted=True)), Column("status", Status),
    CheckConstraint("controlled_for_whitespace(name)", name="whitespace"),
    CheckConstraint("comment <> '\\\\:no'", name="colon"), Column("added", Text),
    CheckConstraint("end_year IS NULL OR begin_year <<< end_year", name="ended"),
    Index("artist_idx_name", "name", postgresql_where=text("name <> '\\\\:p' COLLATE \\"C\\"")),
    Index("artist_idx_txt", text("to_tsvector('mb_simple', name)"), postgresql_using="gin")""",
    ("comment", "character varying(500)"),
    "note",
    "SELECT name, begin_year, code FROM musicbrainz.artist",
)

HEAD = """
from sqlalchemy import *
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN, TSVECTOR, UUID
from sqlalchemy.types import UserDefinedType


class Status(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "edit_note_status"


class Base:
    metadata = MetaData()


metadata = Base.metadata
"""
SCHEMAS = {
    "pagila": PAGILA,
    "northwind": NORTHWIND,
    "adventureworks": ADVENTUREWORKS,
    "supabase": SUPABASE,
    "musicbrainz": MUSICBRAINZ,
}
