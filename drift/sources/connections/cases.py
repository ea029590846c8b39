"""The cases of connection trouble: how to recognise each, what to call it, and the way out.

The order matters: the first case that matches is taken. Sources: appendix A of PostgreSQL's manual (SQLSTATE codes),
libpq's and psycopg's messages, MySQL's and MariaDB's error references, SQLite's result codes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of trouble.

    Attributes:
        name: A short stable name.
        title: What is wrong; ``{host}``, ``{port}``, ``{user}`` and ``{database}`` are filled in.
        help: Ways out.
        pattern: A regular expression for the message in lower case.
        unless: Not this case where the message matches this expression.
        sqlstates: PostgreSQL's codes.
        numbers: MySQL's and MariaDB's error numbers.
    """

    name: str
    title: str
    help: tuple[str, ...]
    pattern: str | None = None
    unless: str | None = None
    sqlstates: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()


CASES: tuple[Case, ...] = (
    Case(
        "host-not-found",
        "the host is not found: {host}",
        ("Check the spelling of the host.", "Inside a container or a private network, is that name known there?"),
        r"could not translate host name|name or service not known|nodename nor servname|name resolution|getaddrinfo"
        r"|failed to resolve host|unknown (mysql server )?host|no address associated",
        numbers=frozenset({2005}),
    ),
    Case(
        "tls-authority-file",
        "the file of the certificate authority cannot be read",
        (
            "Name it in PEM form: ?sslmode=verify-full&sslrootcert=/path/ca.pem",
            "sslmode=require encrypts without verifying, and needs no file.",
        ),
        r"root certificate file \"(?!.*\.postgresql/root\.crt).*(does not exist|could not be read)"
        r"|could not (read|load) root certificate file",
    ),
    Case(
        "tls-other-host",
        "the server's TLS certificate is made out to another host than {host}",
        (
            "Put a name into the URL that stands in the certificate.",
            "sslmode=verify-ca verifies who signed it, but not the host.",
        ),
        r"does not match host ?name|hostname mismatch|ip address mismatch|certificate is not valid for",
    ),
    Case(
        "tls-expired",
        "the server's TLS certificate has expired, or is not valid yet",
        ("Have it renewed.", "Is the clock of this machine right?"),
        r"certificate has expired|certificate is not yet valid",
    ),
    Case(
        "tls-certificate",
        "the server's TLS certificate is not trusted",
        (
            "Name the certificate authority that signed it: ?sslmode=verify-full&sslrootcert=/path/ca.pem",
            "It may have expired, too: `drift doctor` looks at it.",
            "sslmode=require encrypts without verifying.",
        ),
        r"certificate verify failed|root certificate file|self[- ]signed certificate|unable to get local issuer"
        r"|certificate_verify_failed",
    ),
    Case(
        "tls-not-offered",
        "the server does not offer TLS, and the URL demands it",
        ("Use ?sslmode=prefer (or disable) for this server, or turn TLS on there.",),
        r"server does not support ssl|does not support ssl, but ssl was required|ssl is required but the server"
        r"|doesn't support ssl|server refused ssl",
    ),
    Case(
        "tls-required",
        "the server takes encrypted connections only, and this one is not encrypted",
        (
            "Add ?sslmode=require to the URL (asyncpg spells it ?ssl=require; both are understood here).",
            "If the URL or PGSSLMODE says sslmode=disable, take it out.",
        ),
        r"no pg_hba\.conf entry.*(no encryption|ssl off)|ssl connection is required|connection is insecure"
        r"|insecure transport|requires? ssl|ssl/tls required|ssl required",
        unless=r"ssl encryption|ssl on\b",
        numbers=frozenset({3159}),
    ),
    Case(
        "client-certificate",
        "the server wants a client certificate",
        ("Name it: ?sslcert=/path/client.crt&sslkey=/path/client.key",),
        r"requires a valid client certificate|certificate authentication failed|private key file",
    ),
    Case(
        "not-admitted",
        "the server's access rules do not admit {user} to {database} from this address",
        (
            "Ask for a line in the server's pg_hba.conf (MySQL: a grant for this host).",
            "Or connect from where the application runs.",
        ),
        r"no pg_hba\.conf entry|pg_hba\.conf rejects|is not allowed to connect to this",
        numbers=frozenset({1130}),
    ),
    Case(
        "no-password",
        "the server asks for a password, and the URL has none",
        ("Put it into the URL (user:password@host), into PGPASSWORD, or into ~/.pgpass.",),
        r"no password supplied|fe_sendauth|password is required|\(using password: no\)",
    ),
    Case(
        "unknown-role",
        "there is no role {user} on that server",
        ("Check the user in the URL, or create the role: CREATE ROLE ... LOGIN",),
        r"role \".*\" does not exist|user \".*\" does not exist",
    ),
    Case(
        "role-cannot-log-in",
        "the role {user} may not log in",
        ("Grant it: ALTER ROLE ... LOGIN, or name another user.",),
        r"is not permitted to log in",
    ),
    Case(
        "wrong-password",
        "the password of {user} is wrong, or there is no such user",
        (
            "Check user and password; special characters in a URL must be escaped (@ as %40).",
            "PostgreSQL does not tell a wrong password from an unknown role.",
        ),
        r"password authentication failed|sasl authentication failed|access denied for user .*\(using password: yes\)",
        sqlstates=frozenset({"28P01"}),
        numbers=frozenset({1045, 1698}),
    ),
    Case(
        "peer-authentication",
        "the server does not take {user} from the system user that runs this",
        ("Connect over TCP with a password (host 127.0.0.1), or run as the system user of the same name.",),
        r"(peer|ident) authentication failed",
    ),
    Case(
        "unknown-database",
        "there is no database {database} on that server",
        ("Check the database in the URL; `psql -l` lists those that exist.", "Has it been created?"),
        r"database \".*\" does not exist|unknown database",
        sqlstates=frozenset({"3D000"}),
        numbers=frozenset({1049}),
    ),
    Case(
        "no-privilege-to-connect",
        "{user} may not connect to the database {database}",
        ("Grant it: GRANT CONNECT ON DATABASE ... TO ...; a check needs no other privilege.",),
        r"permission denied for database|user does not have connect privilege|access denied for user .* to database",
        numbers=frozenset({1044}),
    ),
    Case(
        "too-many-connections",
        "the server has no connection left",
        ("Try again later, or raise max_connections, the role's CONNECTION LIMIT, or the pooler's limit.",),
        r"too many (connections|clients)|remaining connection slots|sorry, too many|no more connections allowed"
        r"|max_user_connections|max_client_conn",
        sqlstates=frozenset({"53300"}),
        numbers=frozenset({1040, 1203, 1226}),
    ),
    Case(
        "starting-up",
        "the server is starting up, recovering, or shutting down",
        ("Wait until it accepts connections (pg_isready), then try again.",),
        r"the database system is (starting up|shutting down|in recovery mode|not yet accepting connections)"
        r"|not accepting connections|server shutdown in progress",
        sqlstates=frozenset({"57P03", "57P01", "57P02"}),
        numbers=frozenset({1053}),
    ),
    Case(
        "read-only-server",
        "the server takes no writes: it is a read-only replica, or set to read-only",
        (
            "A check never writes and works there; for upgrading or for a scratch database name the primary server.",
            "Several hosts in the URL: add target_session_attrs=read-write.",
        ),
        r"in a read-only transaction|session is read-only|--(super-)?read-only option|cannot execute .* during recovery"
        r"|database is in read-only mode",
        sqlstates=frozenset({"25006"}),
        numbers=frozenset({1290, 1836}),
    ),
    Case(
        "sqlite-read-only",
        "the SQLite file is open for reading only",
        ("A check never writes; for upgrading, the file and its directory must be writable.",),
        r"attempt to write a readonly database",
    ),
    Case(
        "statement-timeout",
        "the server took too long to answer",
        ("Something holds a lock, or the server is very busy: try again, or raise the timeout.",),
        r"statement timeout|lock timeout|max_statement_time exceeded|lock wait timeout"
        r"|maximum statement execution time",
        sqlstates=frozenset({"57014", "55P03"}),
        numbers=frozenset({1205, 1969, 3024}),
    ),
    Case(
        "timed-out",
        "no answer from {host} on {port} in time",
        (
            "A firewall or security group that drops packets looks like this; so does a wrong address.",
            "Is a VPN or a tunnel needed? A longer wait: ?connect_timeout=30",
        ),
        r"timeout expired|timed out|connection timeout|operation would block|timed? ?out",
        numbers=frozenset({2013}),
    ),
    Case(
        "refused",
        "nothing listens on {host}, {port}",
        ("Is the server running, and is the port right?", "In a container, localhost is the container itself."),
        r"connection refused|actively refused|errno 111|errno 61\b|winerror 10061|on that socket\?|on socket .* failed"
        r"|can't connect to local (mysql |mariadb )?server through socket",
    ),
    Case(
        "unreachable",
        "{host} cannot be reached from here",
        ("Is a VPN or a tunnel needed? Is the address right?",),
        r"no route to host|network is unreachable|host is unreachable|can't assign requested address",
    ),
    Case(
        "sqlite-not-a-database",
        "the file is not a SQLite database: {database}",
        ("Check the path; an encrypted database needs another driver.",),
        r"file is not a database|file is encrypted",
    ),
    Case(
        "sqlite-damaged",
        "the schema or a page of the SQLite file is damaged",
        ("`PRAGMA integrity_check` says more.", "Restore it, or export what is left: sqlite3 FILE .recover"),
        r"malformed",
    ),
    Case(
        "sqlite-cannot-open",
        "the SQLite file cannot be opened: {database}",
        ("Check that it exists, and that it and its directory may be read.",),
        r"unable to open database file",
    ),
    Case(
        "sqlite-locked",
        "the SQLite file is locked by another program",
        ("Try again when the other program has finished writing.",),
        r"database (table )?is locked",
    ),
    Case(
        "no-privilege",
        "{user} lacks a privilege",
        ("The message names the object. A check reads the catalogs only, which every role may.",),
        r"permission denied|command denied|insufficient privilege",
        sqlstates=frozenset({"42501"}),
        numbers=frozenset({1142, 1143, 1227}),
    ),
    Case(
        "unknown-parameter",
        "the URL has a parameter that the driver does not know",
        ("Check what stands behind the question mark of the URL.",),
        r"invalid (connection option|dsn|uri query parameter)|unexpected keyword argument|unsupported startup parameter"
        r"|unrecognized configuration parameter",
    ),
    Case(
        "wrong-protocol",
        "what listens on {host}, {port} does not speak this database's protocol",
        ("Check the port: another service may be listening there.",),
        r"received invalid response to ssl negotiation|expected authentication request|unsupported frontend protocol"
        r"|packet sequence number wrong|lost synchronization|invalid response",
    ),
    Case(
        "connection-lost",
        "the server closed the connection",
        ("See the server's log: it may have crashed, restarted, or a proxy in between cut the connection.",),
        r"server closed the connection|connection reset|connection was closed|terminating connection|broken pipe"
        r"|lost connection|ssl syscall error|server has gone away|eof detected|consuming input failed",
        numbers=frozenset({2006}),
    ),
)  # fmt: skip
