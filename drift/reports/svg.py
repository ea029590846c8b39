"""The entity-relationship picture as SVG markup: boxes in columns, one row for each column, curves for keys."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from drift.reports.picture import Attribute, Entity, Link, Mark, Picture
from drift.reports.safe import visible

WIDTH = 360
"""Of a box, in SVG units (at full size: CSS pixels). Heights, gaps and distances likewise."""
ROW = 22
HEAD = 30
GAP_X = 70
GAP_Y = 28
LANES = 3
_LONGEST_NAME = 24
_LONGEST_TYPE = 16
_SIGNS = {Mark.NONE: "", Mark.MISSING: "+", Mark.UNEXPECTED: "\u2212", Mark.CHANGED: "~"}
_WORDS = {
    Mark.NONE: "as expected",
    Mark.MISSING: "missing in the database",
    Mark.UNEXPECTED: "unexpected in the database",
    Mark.CHANGED: "different",
}


@dataclass(frozen=True, slots=True)
class _Box:
    entity: Entity
    x: int
    y: int

    @property
    def height(self) -> int:
        return _height(self.entity)


def svg(picture: Picture) -> str:
    """The drawing; an empty text when there is nothing to draw. Every name in it is escaped."""
    boxes = _placed(picture)
    if not boxes:
        return ""
    width = max(box.x for box in boxes.values()) + WIDTH + 20
    height = max(box.y + box.height for box in boxes.values()) + 20
    described = f"{len(boxes)} tables. " + " ".join(_described(box.entity) for box in boxes.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'style="--natural: {width}px" '
        'role="img" aria-labelledby="picture-title picture-text">',
        '<title id="picture-title">The drifted tables and what links them</title>',
        f'<desc id="picture-text">{_text(described)}</desc>',
    ]
    parts += [_curve(boxes[link.source], boxes[link.target], link) for link in picture.links]
    parts += [_box(box) for box in boxes.values()]
    return "".join([*parts, "</svg>"])


def _height(entity: Entity) -> int:
    return HEAD + ROW * (len(entity.attributes) + (1 if entity.hidden else 0)) + (6 if entity.attributes else 0)


def _placed(picture: Picture) -> dict[str, _Box]:
    """Each box goes into the lane that is shortest so far; few boxes use few lanes."""
    lanes = [20] * min(LANES, max(1, len(picture.entities)))
    boxes = {}
    for entity in picture.entities:
        lane = lanes.index(min(lanes))
        boxes[entity.name] = _Box(entity, 20 + lane * (WIDTH + GAP_X), lanes[lane])
        lanes[lane] += _height(entity) + GAP_Y
    return boxes


def _box(box: _Box) -> str:
    entity = box.entity
    dim = "" if entity.attributes else " stub"
    parts = [
        f'<g class="entity {entity.mark.value}{dim}" transform="translate({box.x},{box.y})">'
        f'<rect class="box" width="{WIDTH}" height="{box.height}" rx="8"/>'
        f'<text class="title" x="12" y="20">{_text(_short(entity.name, 40))}<title>{_text(entity.name)}</title></text>'
    ]
    if entity.attributes:
        parts.append(f'<line class="rule" x1="0" x2="{WIDTH}" y1="{HEAD}" y2="{HEAD}"/>')
    parts += [_row(attribute, HEAD + number * ROW) for number, attribute in enumerate(entity.attributes)]
    if entity.hidden:
        y = HEAD + len(entity.attributes) * ROW
        parts.append(f'<text class="more" x="12" y="{y + 17}">{entity.hidden} more, as expected</text>')
    return "".join([*parts, "</g>"])


def _row(attribute: Attribute, y: int) -> str:
    remark = _WORDS[attribute.mark] + (f": {attribute.remark}" if attribute.remark else "")
    tip = f"{attribute.name} {attribute.type}, {remark}"
    background = (
        ""
        if attribute.mark is Mark.NONE
        else f'<rect class="stripe" x="1" y="{y + 3}" width="{WIDTH - 2}" height="{ROW}"/>'
    )
    return (
        f'<g class="row {attribute.mark.value}"><title>{_text(tip)}</title>{background}'
        f'<text class="sign" x="12" y="{y + 18}">{_SIGNS[attribute.mark]}</text>'
        f'<text class="name" x="26" y="{y + 18}">{_text(_short(attribute.name, _LONGEST_NAME))}</text>'
        f'<text class="key" x="{WIDTH - 146}" y="{y + 18}">{attribute.key}</text>'
        f'<text class="type" x="{WIDTH - 10}" y="{y + 18}">{_text(_short(attribute.type, _LONGEST_TYPE))}</text></g>'
    )


def _curve(source: _Box, target: _Box, link: Link) -> str:
    """From the side of one box to the facing side of the other, below their headings."""
    y1, y2 = source.y + HEAD // 2, target.y + HEAD // 2
    if source.x == target.x:
        x1, x2 = source.x + WIDTH, target.x + WIDTH
        bend = x1 + GAP_X // 2
        path = (
            f"M{x1},{y1} C{bend},{y1} {bend},{y2} {x2},{y2}"
            if source is not target
            else (f"M{x1},{y1 - 6} C{bend},{y1 - 24} {bend},{y1 + 30} {x1},{y1 + 8}")
        )
    else:
        right = target.x > source.x
        x1, x2 = (source.x + WIDTH, target.x) if right else (source.x, target.x + WIDTH)
        middle = (x1 + x2) // 2
        path = f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2}"
    tip = f"{link.source} ({link.label}) refers to {link.target}: {_WORDS[link.mark]}"
    return (
        f'<g class="link {link.mark.value}"><title>{_text(tip)}</title><path d="{path}"/>'
        f'<circle cx="{x2}" cy="{y2}" r="4"/></g>'
    )


def _described(entity: Entity) -> str:
    marked = [f"{a.name} {_WORDS[a.mark]}" for a in entity.attributes if a.mark is not Mark.NONE]
    return f"{entity.name}: {', '.join(marked) or _WORDS[entity.mark]}."


def _short(text: str, length: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def _text(text: str) -> str:
    return escape(visible(text))
