"""A headless Chromium, led over its debugging pipe: no driver, no library."""

import base64
import json
import os
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

CHROMIUM = shutil.which("chromium")
#: What --remote-debugging-pipe reads from and writes to.
_IN, _OUT = 3, 4
_KEYS = {
    "Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


class Browser:
    """One process with as many tabs as are wanted."""

    def __init__(self, to: BinaryIO, of: BinaryIO) -> None:
        self._to, self._of = to, of
        self._sent = 0
        self._tabs: dict[str, Tab] = {}

    def ask(self, method: str, params: Any, session: str | None = None) -> Any:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self.hear()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                return answer["result"]

    def hear(self) -> dict[str, Any]:
        """The next thing that it says; events are noted by the tab that they are of."""
        told = bytearray()
        while (byte := self._of.read(1)) != b"\0":
            assert byte, "the browser has gone"
            told += byte
        message: dict[str, Any] = json.loads(told)
        tab = self._tabs.get(message.get("sessionId", ""))
        if tab is not None and "method" in message:
            tab.note(message["method"], message["params"])
        return message

    @contextmanager
    def tab(self) -> Iterator["Tab"]:
        """A tab without a past, and in the end without an unexpected error."""
        context = self.ask("Target.createBrowserContext", {})["browserContextId"]
        target = {"url": "about:blank", "browserContextId": context}
        made = self.ask("Target.createTarget", target)["targetId"]
        about = {"targetId": made, "flatten": True}
        session = self.ask("Target.attachToTarget", about)["sessionId"]
        tab = self._tabs[session] = Tab(self, session, made)
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab(f"{domain}.enable")
        try:
            yield tab
        finally:
            self.ask("Target.disposeBrowserContext", {"browserContextId": context})
        assert tab.errors == [], tab.errors

    def close(self) -> None:
        self._to.write(b'{"id": 0, "method": "Browser.close"}\0')
        self._to.flush()


class Tab:
    """One page. `errors` is what its console complained of, refusals of the policy included."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self.target = target
        self.errors: list[str] = []
        self._asked: list[str] = []
        self._loads = 0

    def __call__(self, method: str, **params: Any) -> Any:
        return self._browser.ask(method, params, self._session)

    @property
    def asked(self) -> list[str]:
        """Every address that the page has asked for."""
        return self._asked

    def open(self, url: str) -> None:
        before = self._loads
        self("Page.navigate", url=url)
        while self._loads == before:
            self._browser.hear()

    def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        found = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        text = {"Enter": "\r"}.get(key, "")
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            self(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=_KEYS[key],
                modifiers=8 if shift else 0, text=text,
            )  # fmt: skip

    def dress(self, width: int, height: int = 900, **features: str) -> None:
        """Be as wide as a desktop or a phone; features are those of media queries."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        chosen = [{"name": name.replace("_", "-"), "value": is_} for name, is_ in features.items()]
        self("Emulation.setEmulatedMedia", features=chosen)

    def picture(self, path: Path) -> None:
        """All of the page, also what has to be scrolled to."""
        size = self("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(_packed(base64.b64decode(shot["data"])))

    def note(self, method: str, params: Any) -> None:
        if method == "Network.requestWillBeSent":
            self._asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self._loads += 1


def _packed(png: bytes) -> bytes:
    """The same picture with its pixels compressed as far as it goes: these are committed."""
    head, chunks, at = png[:8], [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    kept = [one for one in chunks if one[0] == b"IHDR"]
    kept += [(b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return head + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in kept
    )


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    assert CHROMIUM is not None, "no chromium here: apt-get install chromium"
    (their_in, to), (of, their_out) = os.pipe(), os.pipe()
    for fd in (their_in, their_out):
        os.set_inheritable(fd, True)
    # The shell puts the pipes where the browser looks for them.
    line = f'exec "$0" "$@" {_IN}<&{their_in} {_OUT}>&{their_out}'
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
        "--js-flags=--expose-gc",
        "--remote-debugging-pipe", f"--user-data-dir={profile}",
    ]  # fmt: skip
    browser = subprocess.Popen(
        ["bash", "-c", line, *command], pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
    )
    os.close(their_in)
    os.close(their_out)
    with os.fdopen(to, "wb") as writer, os.fdopen(of, "rb") as reader:
        made = Browser(writer, reader)
        try:
            yield made
        finally:
            with suppress(OSError):
                made.close()
            try:
                browser.wait(10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()
