"""Database servers for tests: which one, how it starts, and a database of its own for each test.

The choice is made once, in this order: a URL from the environment; a container, where testcontainers is installed and
a Docker engine answers; a server started from installed binaries in a temporary folder. Nothing is started before the
first test that asks for it, and under pytest-xdist every worker has a server of its own.
"""

from tests.servers.choice import Choice, Server, ServerUnavailableError
from tests.servers.databases import fresh_database
from tests.servers.mariadb import choose_mariadb, choose_mysql, start_mariadb
from tests.servers.postgresql import choose_postgresql

__all__ = [
    "Choice",
    "Server",
    "ServerUnavailableError",
    "choose_mariadb",
    "choose_mysql",
    "choose_postgresql",
    "fresh_database",
    "start_mariadb",
]
