"""HTML as values: whatever is not already HTML is escaped where it is put in."""

import html
from collections.abc import Iterable
from typing import TypeAlias

_VOID = frozenset({"meta", "link", "input", "br"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"
Attribute = str | int | bool | None


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Make an element; `class_` is `class`, `aria_label` is `aria-label`.

    An attribute that is None or False is left out.
    """
    head = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name == "rect":  # in SVG an element without content has to say so
        return Html(f"<{name}{head}/>")
    if name in _VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{join(children)}</{name}>")


def join(children: Child) -> Html:
    """Put HTML and text together; None is nothing."""
    if children is None:
        return Html("")
    if isinstance(children, Html):
        return children
    if isinstance(children, str | int):
        return Html(html.escape(str(children)))
    return Html("".join(join(child) for child in children))


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
