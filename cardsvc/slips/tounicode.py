"""A repair of reportlab 5.1.0: text beyond U+FFFF could be printed, but not copied or searched.

``reportlab.pdfbase.ttfonts.makeToUnicodeCMap`` writes the code point itself, so U+2CC56 becomes
``<2CC56>``. A ToUnicode CMap holds UTF-16BE (ISO 32000-1, 9.10.3: ``<D873DC56>``), and Adobe's
technical note 5411 allows at most 100 entries a block. Readers therefore copied other characters
than the printed ones, which for a name on an official paper is a wrong name.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from reportlab.pdfbase import ttfonts

_BLOCK: Final = 100
_HEAD: Final = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo
<< /Registry ({name})
/Ordering ({name})
/Supplement 0
>> def
/CMapName /{name} def
/CMapType 2 def
1 begincodespacerange
<00> <{last:02X}>
endcodespacerange"""
_TAIL: Final = """endcmap
CMapName currentdict /CMap defineresource pop
end
end"""


def make_cmap(fontname: str, subset: Sequence[int]) -> str:
    """Return the ToUnicode CMap of one subset font: position = character code, value = Unicode code point."""
    return "\n".join(
        [_HEAD.format(name=fontname, last=max(len(subset) - 1, 0)), *_blocks(subset), _TAIL],
    )


def _blocks(subset: Sequence[int]) -> Iterator[str]:
    # Code 0 is .notdef: it stands for no character.
    entries = [f"<{code:02X}> <{_utf16(point)}>" for code, point in enumerate(subset) if point]
    for start in range(0, len(entries), _BLOCK):
        block = entries[start : start + _BLOCK]
        yield "\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"])


def _utf16(point: int) -> str:
    return chr(point).encode("utf-16-be", "surrogatepass").hex().upper()


def install() -> None:
    """Put ``make_cmap`` in reportlab's place, for every document of this process; repeating it is harmless."""
    ttfonts.makeToUnicodeCMap = make_cmap
