"""Every link from one document of the repository into another leads to a file and a heading."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS, ROOT


def text_of(path: Path) -> str:
    """A document without its blocks of code: nothing in them is a link or a heading."""
    return re.sub(r"(?ms)^```.*?^```$", "", path.read_text())


def links(path: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", text_of(path))
    named = re.findall(r"^\[[^\]]+\]: *(\S+)", text, re.MULTILINE)
    drawn = re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    return [*re.findall(r"\]\(([^)\s]+)\)", text), *named, *drawn]


def anchors(path: Path) -> Iterator[str]:
    """Of each heading, as GitHub and GitLab make them."""
    seen: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", text_of(path), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


def is_alive(path: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = path.parent / file if file else path
    if not target.resolve().is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    inside = [link for link in links(path) if not re.match(r"[a-z+]+:", link)]
    assert [link for link in inside if not is_alive(path, link)] == []


def test_a_dead_link_is_found() -> None:
    assert is_alive(ROOT / "README.md", "docs/operations.md#exit-codes")
    assert not is_alive(ROOT / "README.md", "docs/operations.md#no-such-heading")
    assert not is_alive(ROOT / "README.md", "docs/no-such-file.md")
    assert not is_alive(ROOT / "README.md", "../elsewhere.md")


def test_readers_of_the_readme_reach_every_document() -> None:
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        path = todo.pop().resolve()
        if path not in reached:
            reached.add(path)
            files = (link.partition("#")[0] for link in links(path) if ":" not in link)
            todo.extend(path.parent / file for file in files if file.endswith(".md"))
    assert set(DOCUMENTS) - reached == set()
