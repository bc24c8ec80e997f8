"""What a person finds on the page who reads it without any script."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "rect", "br"}


class Element:
    def __init__(self, name: str, attributes: dict[str, str | None]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """As it is spoken: the name that an element is given counts, not what it shows."""
        label = self.attributes.get("aria-label")
        if label is not None and self.name == "a":
            return label
        parts = (one if isinstance(one, str) else one.text for one in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, name: str = "", class_: str = "", id_: str = "") -> list["Element"]:
        found = []
        for child in self.children:
            if isinstance(child, Element):
                classes = (child.attributes.get("class") or "").split()
                if (
                    name in ("", child.name)
                    and (not class_ or class_ in classes)
                    and id_ in ("", child.attributes.get("id"))
                ):
                    found.append(child)
                found += child.all(name, class_, id_)
        return found

    def one(self, name: str = "", class_: str = "", id_: str = "") -> "Element":
        (found,) = self.all(name, class_, id_)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in _VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop().name == tag, f"</{tag}> where nothing of it is open"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """The document; every element must be closed in its order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1, [one.name for one in reader.open]
    return reader.open[0]
