"""Ethnic groups by their two-digit codes, GB/T 3304, with the two codes ID documents add (97, 98)."""

from typing import Final

# fmt: off
_NAMES: Final = (
    "汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮",
    "布依", "朝鲜", "满", "侗", "瑶", "白", "土家", "哈尼",
    "哈萨克", "傣", "黎", "傈僳", "佤", "畲", "高山", "拉祜",
    "水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬",
    "羌", "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米",
    "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固",
    "京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
)
# fmt: on

NATIONS: Final = {f"{number:02d}": name for number, name in enumerate(_NAMES, start=1)} | {
    "97": "其他",
    "98": "外国血统中国籍",
}


def nation_name(code: str) -> str:
    """Return the Chinese name of a GB/T 3304 code; an unknown code comes back as it is.

    >>> nation_name("01"), nation_name("56"), nation_name("60")
    ('汉', '基诺', '60')
    """
    return NATIONS.get(code, code)
