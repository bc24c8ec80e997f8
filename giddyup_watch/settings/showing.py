"""Settings as text that may be shown to anybody."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from giddyup_watch.settings import schema, sources, values

MASK = "********"


def show(settings: schema.Settings) -> str:
    """The settings in force as TOML, secrets masked."""
    lines: list[str] = []
    section = ""
    for key, value in masked(settings).items():
        if key.split(".")[0] != section:
            section = key.split(".")[0]
            lines += ["", f"[{section}]"]
        lines.append(
            f"{key.split('.')[1]} = {_toml(value)}" if value is not None else f"# {key} is not set"
        )
    return "\n".join(lines[1:]) + "\n"


def masked(settings: schema.Settings) -> dict[str, Any]:
    """Every value by its dotted key, in JSON's types, secrets masked; None where nothing is set."""
    return {key: _plain(value) for key, value in settings.flat().items()} | {
        "database.url": mask_url(settings.database.url)
    }


def mask_url(url: str) -> str:
    """The URL without the passwords it carries, fit for messages."""
    for secret in sorted(values.url_secrets(url), key=len, reverse=True):
        for before in (":", "password="):
            url = url.replace(f"{before}{secret}", f"{before}{MASK}")
    return url


def identity(settings: schema.Settings) -> str:
    """Tells one tree and database from another, and nothing about them."""
    url = settings.database.url
    where = str(sources.state_dir()) if url == values.EMBEDDED else mask_url(url)
    told = [str(settings.master.path), where, settings.database.lock_id]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def secrets(settings: schema.Settings) -> tuple[str, ...]:
    """Every secret in the settings, for those who keep them out of what they write."""
    own: Iterable[str] = (
        value.get_secret_value()
        for value in settings.flat().values()
        if isinstance(value, SecretStr)
    )
    return tuple(s for s in (*own, *values.url_secrets(settings.database.url)) if s)


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _toml(value: object) -> str:
    """JSON's way of writing strings, lists, numbers and booleans is TOML's too."""
    return json.dumps(value, ensure_ascii=False)
