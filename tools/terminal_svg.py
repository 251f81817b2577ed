#!/usr/bin/env python3
"""terminal_svg.py OUT.svg < TEXT: a terminal's text as a picture for the docs. A line that begins with `$ ` is a command."""

import html
import sys

ROW, COLUMN, MARGIN = 17, 7.8, 14


def main() -> None:
    lines = [line.rstrip() for line in sys.stdin.read().rstrip("\n").expandtabs().split("\n")]
    width = int(max(map(len, lines)) * COLUMN + 2 * MARGIN)
    height = len(lines) * ROW + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" rx="6" fill="#16191f"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" fill="#d5d9e0">',
    ]
    for row, line in enumerate(lines):
        style = ' fill="#8fd18f" font-weight="bold"' if line.startswith("$ ") else ""
        y = MARGIN + row * ROW + 12
        text = html.escape(line)
        out.append(f'<text x="{MARGIN}" y="{y}" xml:space="preserve" textLength="{len(line) * COLUMN:g}"{style}>{text}</text>')
    out += ["</g>", "</svg>", ""]
    with open(sys.argv[1], "w", encoding="utf-8") as picture:
        picture.write("\n".join(out))


main()
