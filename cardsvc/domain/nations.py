"""Ethnic groups (民族, GB/T 3304)."""

from typing import Final

_NAMES: Final = (
    "汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮", "布依", "朝鲜",
    "满", "侗", "瑶", "白", "土家", "哈尼", "哈萨克", "傣", "黎", "傈僳",
    "佤", "畲", "高山", "拉祜", "水", "东乡", "纳西", "景颇", "柯尔克孜", "土",
    "达斡尔", "仫佬", "羌", "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米",
    "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固", "京", "塔塔尔",
    "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
)  # fmt: skip
NATIONS: Final[dict[str, str]] = {f"{index:02d}": name for index, name in enumerate(_NAMES, 1)} | {
    "97": "其他",
    "98": "外国血统中国籍",
}


def nation_name(code: str) -> str:
    """Return the group's name; a code that is not in the table comes back as it is.

    >>> nation_name("01"), nation_name("56"), nation_name("77")
    ('汉', '基诺', '77')
    """
    return NATIONS.get(code, code)
