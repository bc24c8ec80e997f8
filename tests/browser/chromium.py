"""A headless Chromium, led over its debugging pipe: no driver, no library."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

CHROMIUM = shutil.which("chromium")
#: What --remote-debugging-pipe reads from and writes to.
_IN, _OUT = 3, 4


class Tab:
    """One page. `errors` is what its console complained of, refusals of the policy included."""

    def __init__(self, to: BinaryIO, of: BinaryIO) -> None:
        self._to, self._of = to, of
        self._sent = 0
        self._session: str | None = None
        self.errors: list[str] = []
        self._asked: list[str] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        found = self("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **params: Any) -> Any:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:
            answer = self._hear()
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                return answer["result"]

    @property
    def asked(self) -> list[str]:
        """Every address that the page has asked for."""
        return self._asked

    def open(self, url: str) -> None:
        self("Page.navigate", url=url)
        while self._hear().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        found = self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        codes = {"Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        for kind in ("rawKeyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes[key])

    def dress(self, width: int, height: int, scheme: str) -> None:
        """Be as wide as a desktop or a phone, light or dark."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> None:
        """All of the page, also what has to be scrolled to."""
        size = self("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _hear(self) -> dict[str, Any]:
        told = bytearray()
        while (byte := self._of.read(1)) != b"\0":
            assert byte, "the browser has gone"
            told += byte
        message: dict[str, Any] = json.loads(told)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, params: Any) -> None:
        if method == "Network.requestWillBeSent":
            self._asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])


@contextmanager
def chromium(profile: Path) -> Iterator[Tab]:
    assert CHROMIUM is not None, "no chromium here: apt-get install chromium"
    (their_in, to), (of, their_out) = os.pipe(), os.pipe()
    for fd in (their_in, their_out):
        os.set_inheritable(fd, True)
    # The shell puts the pipes where the browser looks for them.
    line = f'exec "$0" "$@" {_IN}<&{their_in} {_OUT}>&{their_out}'
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
        "--remote-debugging-pipe", f"--user-data-dir={profile}",
    ]  # fmt: skip
    browser = subprocess.Popen(
        ["bash", "-c", line, *command], pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
    )
    os.close(their_in)
    os.close(their_out)
    with os.fdopen(to, "wb") as writer, os.fdopen(of, "rb") as reader:
        try:
            yield Tab(writer, reader)
        finally:
            with suppress(OSError):
                writer.write(b'{"id": 0, "method": "Browser.close"}\0')
                writer.flush()
            try:
                browser.wait(10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()
