"""Names of people who do not exist, and telephone numbers that nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

# The most frequent family names of China, roughly by share; the rest stand for the long tail.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "司徒")
FEMALE = "婷雯静怡彤珊雅琳倩颖洁慧敏欣妍悦嘉诗梦瑶思雨晴月佳宁薇蕾娜琪萱蓉芳兰莉璐玥媛馨艺涵语桐"
MALE = "伟强磊军洋勇杰涛明超辉鹏飞浩宇航博文俊凯峰斌志远振建国华子轩睿泽晨皓然天佑嘉铭昊霖林海阳"
EITHER = "晓小一安乐文思嘉子雨梓亦可"

# None of these prefixes has been given to an operator.
PHONE_PREFIXES = ("154", "160", "161", "163", "164", "168", "169")
SPAN = 10**8
# Prime to 10**8, so that the numbers of one prefix never repeat.
STRIDE = 61_803_399

FEMALE_CODE, MALE_CODE, UNKNOWN_CODE = 0, 1, 2


def full_names(rng: Generator, genders: NDArray[np.int64]) -> list[str]:
    """Return a name for each gender code."""
    count = len(genders)
    weights = 1 / np.arange(4, 4 + len(SURNAMES))
    surnames = rng.choice(list(SURNAMES), size=count, p=weights / weights.sum()).astype(object)
    compound = rng.random(count) < 0.004
    surnames[compound] = rng.choice(COMPOUND_SURNAMES, size=int(compound.sum()))
    last = np.where(
        genders == MALE_CODE,
        rng.choice(list(MALE), size=count),
        rng.choice(list(FEMALE), size=count),
    ).astype(object)
    first = np.where(
        rng.random(count) < 0.4,
        rng.choice(list(EITHER), size=count),
        np.where(
            genders == MALE_CODE,
            rng.choice(list(MALE), size=count),
            rng.choice(list(FEMALE), size=count),
        ),
    ).astype(object)
    first[rng.random(count) < 0.3] = ""
    names: list[str] = (surnames + first + last).tolist()
    return names


def phones(count: int, seed: int) -> list[str]:
    """Return ``count`` different national numbers of eleven digits."""
    turns = len(PHONE_PREFIXES)
    at = np.arange(count, dtype=np.int64)
    # Each prefix starts elsewhere, or neighbours would differ in their prefix alone.
    tails = ((at // turns + seed + at % turns * SPAN // turns) * STRIDE) % SPAN
    return [
        f"{PHONE_PREFIXES[index % turns]}{tail:08d}" for index, tail in enumerate(tails.tolist())
    ]
