"""Headless Chromium, driven over its debugging pipe: real keys, the real accessibility tree, real pictures."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.needs import lacking

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "/": 191}
_TEXTS = {"Enter": "\r", " ": " ", "/": "/"}


class Browser:
    """One page in one browser."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> Browser:
        """Show a page, and wait until it is there."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=page.as_uri())
        while self._receive().get("method") != "Page.loadEventFired":
            pass
        return self

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key, as a person does."""
        event = {"key": key, "windowsVirtualKeyCode": _KEYS[key], "modifiers": 8 if shift else 0}
        text = {"text": _TEXTS[key]} if key in _TEXTS else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", **event, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, letter: str) -> None:
        """Press the key of a letter."""
        self._call("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def write(self, text: str) -> None:
        """Put a text at once into what has the focus."""
        self._call("Input.insertText", text=text)

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told, in no particular order."""
        nodes = self._call("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "").strip())
            for node in nodes
            if not node.get("ignored") and "role" in node
        ]

    def focused(self) -> tuple[str, str]:
        """Role and name of what has the focus."""
        expression = {"expression": "document.activeElement"}
        found = self._call("Runtime.evaluate", **expression)["result"]["objectId"]
        (node,) = [
            node
            for node in self._call("Accessibility.getPartialAXTree", objectId=found, fetchRelatives=False)["nodes"]
            if not node.get("ignored")
        ]
        return node["role"]["value"], node.get("name", {}).get("value", "").strip()

    def picture(self) -> bytes:
        """The whole page as PNG."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            read = os.read(self._answers, 1 << 20)
            assert read, "the browser has gone"
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start one; its profile lives in ``folder``."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        lacking("Chromium (Debian's package chromium)")
    from_us, to_them = os.pipe()
    from_them, to_us = os.pipe()
    options = "--headless --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-pipe --no-first-run"
    # The protocol's pipes are the descriptors 3 and 4.
    line = f'exec "$0" {options} --user-data-dir="$1" 3<&{from_us} 4>&{to_us}'
    process = subprocess.Popen(
        ["bash", "-c", line, program, str(folder / "profile")],
        pass_fds=(from_us, to_us),
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Browser(to_them, from_them)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(to_them)
        os.close(from_them)
