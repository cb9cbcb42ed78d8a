"""Building blocks of a web page that needs nothing beside itself."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from nearedge.drawing.card import image
from nearedge.paper.tables import Table

_FRAME = Path(__file__).with_name("page.html")


def page(title: str, sections: Iterable[str]) -> str:
    """Write a whole page; `sections` are HTML, the title is plain text."""
    frame = Template(_FRAME.read_text(encoding="utf-8"))
    return frame.substitute(title=escape(title), body="\n".join(sections))


def contents(titles: Iterable[str]) -> str:
    """Write a list of links to the headings of the page."""
    links = (f'<li><a href="#{_anchor(title)}">{_text(title)}</a></li>' for title in titles)
    return f"<nav><ol>{''.join(links)}</ol></nav>"


def heading(text: str) -> str:
    """Write a heading that `contents` can link to."""
    return f'<h2 id="{_anchor(text)}">{_text(text)}</h2>'


def paragraph(text: str, style: str = "") -> str:
    """Write a paragraph of plain text."""
    return f"<p{_class(style)}>{_text(text)}</p>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a list of names and what belongs to them."""
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(text)}</dd>" for name, text in pairs)
    return f"<dl>{rows}</dl>"


def listing(text: str) -> str:
    """Write a command or other preformatted text."""
    return f"<pre>{_text(text)}</pre>"


def table(shown: Table) -> str:
    """Write a table, numbers flush right."""

    def cells(tag: str, texts: Sequence[str]) -> str:
        written = ""
        for column, text in enumerate(texts):
            inner = _text(text)
            if tag == "td" and column == shown.bold:
                inner = f"<strong>{inner}</strong>"
            style = _class("number" if column >= shown.words else "")
            written += f"<{tag}{style}>{inner}</{tag}>"
        return f"<tr>{written}</tr>"

    body = "".join(f"{cells('td', row)}\n" for row in shown.rows)
    return (
        f'<div class="table"><table><caption>{_text(shown.caption)}</caption>'
        f"<thead>{cells('th', shown.heads)}</thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def picture(png: bytes, *, title: str, caption: str) -> str:
    """Write a picture into the page itself; the title also serves those who cannot see it."""
    return (
        f"<figure>{image(png, title)}"
        f"<figcaption><strong>{escape(title)}.</strong> {_text(caption)}</figcaption></figure>"
    )


def pair(pictures: Iterable[str]) -> str:
    """Set pictures side by side where the window is wide enough."""
    return '<div class="pair">' + "\n".join(pictures) + "</div>"


def _anchor(text: str) -> str:
    plain = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return "-".join(plain.split())


def _text(text: str) -> str:
    """Escape plain text, and keep a number on one line with its spread and its unit."""
    return escape(text).replace(" %", "\u00a0%").replace(" ± ", "\u00a0±\u00a0")


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
