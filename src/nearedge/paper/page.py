"""Building blocks of a web page that needs nothing beside itself."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from string import Template

from nearedge.paper.tables import Table

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")

_SANS = '"Source Sans 3", "Helvetica Neue", "Arial", "DejaVu Sans", sans-serif'
_STYLE = f"""
:root {{ color-scheme: light; }}
body {{ margin: 0; background: #fff; color: #1a1a1a;
  font: 16px/1.55 "Source Serif 4", "Charter", "Georgia", "DejaVu Serif", serif; }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }}
h1, h2, h3, th, td, caption, figcaption, nav, dl, .note, code, pre {{ font-family: {_SANS}; }}
h1 {{ font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }}
h2 {{ font-size: 1.3rem; margin: 2.6rem 0 .6rem; padding-top: .7rem;
  border-top: 1px solid #ccc; }}
h3 {{ font-size: 1.05rem; margin: 1.6rem 0 .4rem; }}
p, ul, ol {{ max-width: 46rem; }}
.byline {{ color: #555; margin-top: 0; font-size: .95rem; }}
.note {{ background: #fff6e0; border-left: 4px solid #E69F00; padding: .6rem .9rem;
  font-size: .93rem; max-width: 46rem; }}
nav ol {{ padding-left: 1.4rem; font-size: .95rem; }}
a {{ color: #005a8c; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: .8rem 0 1rem; font-size: .86rem;
  font-variant-numeric: tabular-nums; }}
caption {{ text-align: left; color: #444; font-size: .88rem; padding-bottom: .4rem; }}
th, td {{ padding: .32rem .7rem .32rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e2e2e2; }}
thead th {{ border-bottom: 1.5px solid #333; vertical-align: bottom; }}
td.number, th.number {{ text-align: right; }}
td.number {{ white-space: nowrap; }}
td strong {{ color: #003f63; }}
figure {{ margin: 1.4rem 0 1.8rem; }}
figure img {{ max-width: 100%; height: auto; display: block; }}
figcaption {{ font-size: .88rem; color: #333; max-width: 46rem; margin-top: .5rem; }}
.pair {{ display: flex; flex-wrap: wrap; gap: 0 2rem; }}
.pair figure {{ flex: 1 1 22rem; max-width: 30rem; }}
code, pre {{ font-family: "DejaVu Sans Mono", "Menlo", "Consolas", monospace; font-size: .86em; }}
pre {{ background: #f5f5f5; padding: .7rem .9rem; overflow-x: auto; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem;
  font-size: .9rem; }}
dt {{ color: #555; }} dd {{ margin: 0; overflow-wrap: anywhere; }}
@media print {{ main {{ max-width: none; padding: 0; }} h2 {{ break-after: avoid; }}
  figure, table {{ break-inside: avoid; }} .table {{ overflow-x: visible; }} }}
"""


def page(title: str, sections: Iterable[str]) -> str:
    """Write a whole page; `sections` are HTML, the title is plain text."""
    return _PAGE.substitute(title=escape(title), style=_STYLE.strip(), body="\n".join(sections))


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
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(title, quote=True)}"/>'
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
