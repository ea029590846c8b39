"""The way to a server: name, port, and encryption, tried without any driver."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""PostgreSQL's SSLRequest message: length, and the request code 1234.5679."""
_MYSQL_CLIENT_SSL = 0x0800
_DEMANDED = {
    "require",
    "verify-ca",
    "verify-full",
    "verify_ca",
    "verify_full",
    "verify_identity",
    "true",
    "1",
    "required",
}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a try found; ``result`` is ok, warning, failed, or skipped."""

    result: str
    text: str
    details: tuple[str, ...] = ()
    help: tuple[str, ...] = ()


def port_of(url: URL) -> int:
    """The port, by default the product's own."""
    return url.port or _PORTS.get(url.get_backend_name(), 0)


def resolve(url: URL, timeout: float) -> Probe:
    """Ask for the host's addresses. The system's resolver knows no time-out, so it runs in a thread."""
    host = url.host or ""
    found: list[str] = []
    problems: list[str] = []

    def ask() -> None:
        try:
            found.extend(dict.fromkeys(str(item[4][0]) for item in socket.getaddrinfo(host, None)))
        except (OSError, UnicodeError) as error:
            problems.append(str(getattr(error, "strerror", None) or error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if found:
        return Probe("ok", f"{host} is {', '.join(found[:4])}")
    reason = problems[0] if problems else f"no answer in {timeout:g} s"
    return Probe(
        "failed",
        f"the host is not found: {host}",
        (reason,),
        ("check the spelling of the host", "inside a container or a private network, is that name known there?"),
    )


def try_tcp(url: URL, timeout: float) -> Probe:
    """Open a connection to the port."""
    where = f"{url.host}:{port_of(url)}"
    try:
        with socket.create_connection((url.host or "", port_of(url)), timeout):
            return Probe("ok", f"{where} answers")
    except TimeoutError:
        return Probe(
            "failed",
            f"no answer from {where} in {timeout:g} s",
            (),
            ("a firewall that drops packets looks like this; so does a wrong address", "is a VPN or a tunnel needed?"),
        )
    except ConnectionRefusedError:
        return Probe(
            "failed",
            f"nothing listens on {where}",
            (),
            ("is the server running, and is the port right?", "in a container, localhost is the container itself"),
        )
    except OSError as error:
        return Probe("failed", f"{where} cannot be reached", (error.strerror or str(error),), ("is a VPN needed?",))


def speak_tls(url: URL, timeout: float) -> Probe:
    """Ask the server for encryption, as a client would, and look at its certificate."""
    ask = {"postgresql": _postgresql_offers, "mysql": _mysql_offers, "mariadb": _mysql_offers}.get(
        url.get_backend_name()
    )
    if ask is None:
        return Probe("skipped", f"how {url.get_backend_name()} negotiates it is not known here")
    demanded = _demanded(url)
    try:
        with socket.create_connection((url.host or "", port_of(url)), timeout) as connection:
            connection.settimeout(timeout)
            offered = ask(connection)
            if offered is None:
                return Probe(
                    "failed",
                    f"what listens on {url.host}:{port_of(url)} does not speak this database's protocol",
                    (),
                    ("check the port: another service may be listening there",),
                )
            if not offered and demanded:
                return Probe(
                    "failed",
                    "the server does not offer TLS, and the URL demands it",
                    (),
                    ("use ?sslmode=prefer for this server, or turn TLS on there",),
                )
            if not offered:
                return Probe("ok", "not offered, and not demanded: the connection is not encrypted")
            if url.get_backend_name() != "postgresql":
                return Probe("ok", "offered")
            return _handshake(connection, url)
    except TimeoutError:
        return Probe(
            "failed", f"the server did not answer the request for TLS in {timeout:g} s", (), ("is it overloaded?",)
        )
    except OSError as error:
        return Probe(
            "failed",
            "the connection broke while TLS was negotiated",
            (error.strerror or str(error),),
            ("the server may be starting up, out of connections, or behind a proxy that cuts it",),
        )


def _demanded(url: URL) -> bool:
    values = [url.query.get(key) for key in ("sslmode", "ssl", "ssl_mode", "ssl-mode")]
    return any(isinstance(value, str) and value.lower() in _DEMANDED for value in values)


def _postgresql_offers(connection: socket.socket) -> bool | None:
    connection.sendall(_SSL_REQUEST)
    return {b"S": True, b"N": False}.get(connection.recv(1))


def _mysql_offers(connection: socket.socket) -> bool | None:
    """The greeting's lower capability flags stand behind the version text and 13 more bytes."""
    packet = connection.recv(4096)
    end = packet.find(b"\x00", 5)
    if len(packet) < 6 or packet[4] != 10 or end < 0 or len(packet) < end + 16:
        return None
    (flags,) = struct.unpack_from("<H", packet, end + 14)
    return bool(flags & _MYSQL_CLIENT_SSL)


def _handshake(connection: socket.socket, url: URL) -> Probe:
    root = url.query.get("sslrootcert")
    verify = url.query.get("sslmode") in ("verify-ca", "verify-full")
    try:
        context = ssl.create_default_context(cafile=root if isinstance(root, str) and root != "system" else None)
    except OSError as error:
        return Probe(
            "failed",
            f"the file of the certificate authority cannot be read: {root}",
            (error.strerror or str(error),),
            ("name the certificate authority's file in PEM form",),
        )
    context.check_hostname = url.query.get("sslmode") == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    try:
        with context.wrap_socket(connection, server_hostname=url.host) as wrapped:
            return Probe("ok", f"{wrapped.version()}, certificate {'trusted' if verify else 'not verified'}")
    except ssl.SSLCertVerificationError as error:
        return _not_trusted(error, url)
    except ssl.SSLError as error:
        return Probe("failed", "TLS could not be agreed on", (error.reason or str(error),), ("compare TLS versions",))


_OTHER_HOST = (62, 63, 64)
_OUT_OF_DATE = (9, 10)
"""Codes of OpenSSL's verification: X509_V_ERR_HOSTNAME_MISMATCH and its like; CERT_NOT_YET_VALID, CERT_HAS_EXPIRED."""


def _not_trusted(error: ssl.SSLCertVerificationError, url: URL) -> Probe:
    if error.verify_code in _OTHER_HOST:
        title = f"the server's TLS certificate is made out to another host than {url.host}"
        ways = (
            "put a name into the URL that stands in the certificate",
            "sslmode=verify-ca verifies who signed it, but not the host",
        )
    elif error.verify_code in _OUT_OF_DATE:
        title = "the server's TLS certificate has expired, or is not valid yet"
        ways = ("have it renewed", "is the clock of this machine right?")
    else:
        title = "the server's TLS certificate is not trusted"
        ways = (
            "name the authority that signed it: ?sslmode=verify-full&sslrootcert=/path/ca.pem",
            "sslmode=require encrypts without verifying",
        )
    return Probe("failed", title, (error.verify_message,), ways)
