"""Who asks: decided by the listener that was reached and by a token, never by what a request says.

A web page in a browser on this machine can reach a listener on loopback, by its
address or by a name that is made to point there. It cannot set the header with the
token, and it cannot hide the Host and Origin that it speaks for: so whoever comes
without a token must call the listener by its own name, and come from nowhere else.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from giddyup_watch.http.problems import Problem

#: How a listener on loopback is called by those who mean it.
_OWN_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)
#: Added by proxies: the request comes from farther away than its connection.
_FORWARDED = ("forwarded", "via")
_FORWARDED_PREFIX = "x-forwarded-"

#: A browser cannot be told to send a token.
_TUNNEL = (
    "for a browser listen on loopback and come by ssh -N -L 9917:127.0.0.1:9917 HOST,"
    " then open http://localhost:9917/"
)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="giddyup-watch"'}


@dataclass(frozen=True, slots=True)
class Listener:
    """`name` is for the log. `local` says that only this machine's users reach it.

    `socket` is set for the unix socket, whose peers the kernel vouches for:
    `uids` are those who need no token there.
    """

    name: str
    local: bool
    socket: bool = False
    uids: frozenset[int] = frozenset()


class Gatekeeper:
    """The rules of one listener. Tokens are compared by their digests, in constant time."""

    def __init__(self, listener: Listener, token: str) -> None:
        self._listener = listener
        self._digest = _digest(token) if token else None

    def who(self, headers: Mapping[str, str], peer: int | None, *, writes: bool) -> str | Problem:
        """Name who asks, or say why not. `headers` in lower case; `peer` is a uid."""
        if _is_from_elsewhere(headers):
            return Problem(
                403,
                "the request comes from a web page of another site",
                "only pages of this listener, and programs without an Origin, are answered",
                "cross-site",
            )
        token = _token(headers)
        if token is not None:
            if self._digest is not None and hmac.compare_digest(_digest(token), self._digest):
                return "token"
            return self._refuse("the token is not the one of http.token", writes=writes)
        if self._listener.socket:
            if peer in self._listener.uids and not _is_forwarded(headers):
                return f"uid {peer}"
            return self._refuse("this user of the socket needs a token", writes=writes)
        if writes:
            return self._refuse("a request that changes something needs a token", writes=True)
        if not self._listener.local:
            refused = self._refuse("this listener is off loopback: reading needs a token")
            return replace(refused, hint=f"{refused.hint}; {_TUNNEL}")
        if not _OWN_HOST.fullmatch(headers.get("host", "")):
            return self._refuse(
                f"reading without a token needs a Host of localhost, 127.0.0.1 or [::1],"
                f" not {headers.get('host', '')[:100]!r}"
            )
        if _is_forwarded(headers):
            return self._refuse("a request that a proxy forwarded needs a token")
        return "anonymous"

    def _refuse(self, detail: str, *, writes: bool = False) -> Problem:
        if self._digest is None:
            hint = (
                "no token is set: set http.token, or GIDDYUP_WATCH_HTTP__TOKEN, and restart;"
                " or use the unix socket as root or as the daemon's user"
            )
            return Problem(403, detail, hint, "no-token-set")
        what = "changes" if writes else "reads"
        hint = f"send 'Authorization: Bearer TOKEN' or 'X-API-Key: TOKEN' with what {what}"
        return Problem(401, detail, hint, "token", headers=_CHALLENGE)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _token(headers: Mapping[str, str]) -> str | None:
    """The token sent, None when there is none; a scheme that is not ours is a wrong token."""
    authorization = headers.get("authorization")
    if authorization is not None:
        match = _BEARER.fullmatch(authorization.strip())
        return match[1] if match else ""
    return headers.get("x-api-key")


def _is_forwarded(headers: Mapping[str, str]) -> bool:
    return any(
        name in _FORWARDED or name.startswith(_FORWARDED_PREFIX) or name == "x-real-ip"
        for name in headers
    )


def _is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site's page asks."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.lower() not in _origins(headers.get("host", "").lower())


def _origins(host: str) -> tuple[str, ...]:
    return (f"http://{host}", f"https://{host}") if host else ()
