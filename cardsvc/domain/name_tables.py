"""Tables behind ``cardsvc.domain.names``, each with the version of its source.

GB18030_PUA: the private-use code points that GB 18030-2000 gave its bytes FE51-FEA0 and that systems
made before Unicode 4.1 / GB 18030-2005 still send, with the characters that took their place. Source:
the GB 18030-2005 mapping as in glibc's iconv; the tests compare it with Python's own codec. The
private-use characters of police systems before 2011 (several thousand) are not published: those are
reported without a suggestion.

SURNAMES: characters read otherwise as a surname than in most words.
"""

from typing import Final

GB18030_PUA_VERSION: Final = "GB 18030-2005 / 1"

# FE50-FEA0 in order, from U+E815
_FROM: Final = 0xE815
_CHARACTERS: Final = (
    "2E81 20087 20089 200CC 2E84 3473 3447 2E88 2E8B 9FB4 359E 361A 360E 2E8C 2E97 396E 3918 9FB5 39CF 39DF "
    "3A73 39D0 9FB6 9FB7 3B4E 3C6E 3CE0 2EA7 215D7 9FB8 2EAA 4056 415F 2EAE 4337 2EB3 2EB6 2EB7 2298F 43B1 "
    "43AC 2EBB 43DD 44D6 4661 464C 9FB9 4723 4729 477C 478D 2ECA 4947 497A 497D 4982 4983 4985 4986 499F "
    "499B 49B7 49B6 9FBA 241FE 4CA3 4C9F 4CA0 4CA1 4C77 4CA2 4D13 4D14 4D15 4D16 4D17 4D18 4D19 4DAE 9FBB "
)

GB18030_PUA: Final = {chr(_FROM + place): chr(int(code, 16)) for place, code in enumerate(_CHARACTERS.split())}

SURNAMES_VERSION: Final = "1"

SURNAMES: Final = {
    "万俟": "mo qi",
    "尉迟": "yu chi",
    "澹台": "tan tai",
    "长孙": "zhang sun",
    "单于": "chan yu",
    "单": "shan",
    "仇": "qiu",
    "查": "zha",
    "曾": "zeng",
    "解": "xie",
    "区": "ou",
    "朴": "piao",
    "盖": "ge",
    "员": "yun",
    "乜": "nie",
    "黑": "he",
    "缪": "miao",
    "繁": "po",
    "种": "chong",
    "秘": "bi",
    "翟": "zhai",
    "覃": "qin",
    "召": "shao",
    "折": "she",
    "牟": "mu",
    "隗": "wei",
    "祭": "zhai",
    "重": "chong",
    "洗": "xian",
    "能": "nai",
    "佴": "nai",
    "乐": "yue",
    "薄": "bo",
    "卜": "bu",
    "郇": "xun",
    "阚": "kan",
    "蔚": "yu",
    "么": "yao",
    "句": "gou",
    "适": "kuo",
}
