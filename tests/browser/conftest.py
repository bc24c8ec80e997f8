"""The same daemons as the API's tests."""

from tests.http.conftest import admin, racing, socket_path

__all__ = ["admin", "racing", "socket_path"]
