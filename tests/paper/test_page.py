"""Pages hold exactly the texts they are given, and nothing from elsewhere."""

import base64
import re
from xml.etree import ElementTree

from hypothesis import given, settings, strategies as st

from nearedge.paper.page import (
    contents,
    facts,
    heading,
    listing,
    page,
    pair,
    paragraph,
    picture,
    table,
)
from nearedge.paper.tables import Table

# XML knows no control characters.
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.replace("<!DOCTYPE html>\n", ""))


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).replace("\u00a0", " ").split())


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(TEXTS, min_size=8, max_size=8))
def test_any_text_arrives_unchanged_in_a_well_formed_page(texts: list[str]):
    sections = [
        heading(texts[0]),
        paragraph(texts[1], "note"),
        contents([texts[2]]),
        facts([(texts[3], texts[4])]),
        listing(texts[5]),
        table(Table([texts[6]], [[texts[7]]], "c", words=0, bold=0)),
    ]
    root = parse(page(texts[0], sections))
    found = words(root)
    for text in texts:
        assert " ".join(text.replace("\u00a0", " ").split()) in found


def test_a_picture_is_inside_the_page():
    png = bytes(range(256))
    root = parse(page("t", [pair([picture(png, title='A "b" < c', caption="d")])]))
    (image,) = root.iter("img")
    kind, data = image.attrib["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == png
    assert image.attrib["alt"] == 'A "b" < c'


def test_nothing_is_loaded_from_elsewhere():
    text = page("t", [paragraph("p")])
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
