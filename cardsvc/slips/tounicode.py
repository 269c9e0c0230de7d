"""A correction to reportlab: characters beyond U+FFFF copied out of a PDF come out right.

reportlab 5.1 writes them into the ToUnicode map as five hex digits; PDF wants UTF-16BE. Without this a rare name
prints right and is searched, archived and read aloud wrong. A test copies such names out again.
"""

from collections.abc import Sequence
from typing import Final

from reportlab.pdfbase import ttfonts

_BLOCK: Final = 100  # the most entries one bfchar block may have


def make_map(fontname: str, subset: Sequence[int]) -> str:
    """Return the ToUnicode CMap of a font subset: position → code point."""
    entries = [f"<{index:02X}> <{_utf16(code)}>" for index, code in enumerate(subset)]
    blocks = [entries[start : start + _BLOCK] for start in range(0, len(entries), _BLOCK)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        f"/CIDSystemInfo\n<< /Registry ({fontname})\n/Ordering ({fontname})\n/Supplement 0\n>> def\n"
        f"/CMapName /{fontname} def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<00> <{len(subset) - 1:02X}>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )


def install() -> None:
    """Put the corrected map in reportlab's place; harmless the second time."""
    ttfonts.makeToUnicodeCMap = make_map


def _utf16(code: int) -> str:
    return chr(code).encode("utf-16-be", "surrogatepass").hex().upper()
