"""What the demonstration brands have in their catalogues: regions, tags, rules and segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REGIONS: dict[str, tuple[str, ...]] = {
    "华东": ("上海市", "江苏省", "浙江省", "安徽省", "福建省", "江西省", "山东省"),
    "华南": ("广东省", "广西壮族自治区", "海南省"),
    "华北": ("北京市", "天津市", "河北省", "山西省", "内蒙古自治区"),
    "华中": ("河南省", "湖北省", "湖南省"),
    "西南": ("重庆市", "四川省", "贵州省", "云南省", "西藏自治区"),
    "西北": ("陕西省", "甘肃省", "青海省", "宁夏回族自治区", "新疆维吾尔自治区"),
    "东北": ("辽宁省", "吉林省", "黑龙江省"),
}
# Where most cars are sold, in order; other cities follow.
LARGE_CITIES = [
    "上海市",
    "北京市",
    "深圳市",
    "广州市",
    "杭州市",
    "成都市",
    "苏州市",
    "重庆市",
    "武汉市",
    "西安市",
    "南京市",
    "郑州市",
    "天津市",
    "长沙市",
    "东莞市",
    "宁波市",
    "佛山市",
    "青岛市",
    "合肥市",
    "无锡市",
    "济南市",
    "温州市",
    "沈阳市",
    "昆明市",
    "福州市",
    "厦门市",
    "大连市",
    "石家庄市",
    "南宁市",
    "泉州市",
    "哈尔滨市",
    "长春市",
    "贵阳市",
    "太原市",
    "南昌市",
    "常州市",
    "嘉兴市",
    "金华市",
    "台州市",
    "绍兴市",
    "徐州市",
    "南通市",
    "潍坊市",
    "烟台市",
    "惠州市",
    "中山市",
    "珠海市",
    "海口市",
    "乌鲁木齐市",
    "兰州市",
    "银川市",
    "西宁市",
    "呼和浩特市",
    "唐山市",
    "保定市",
    "洛阳市",
    "襄阳市",
    "宜昌市",
    "岳阳市",
    "芜湖市",
    "赣州市",
    "桂林市",
    "柳州市",
    "遵义市",
    "绵阳市",
    "大同市",
    "包头市",
    "鞍山市",
    "吉林市",
]


@dataclass(frozen=True, slots=True)
class DemoTag:
    """A tag and the share of members who have it. ``rule`` says who has to have it instead."""

    name: str
    share: float
    source: str = "manual"
    rule: dict[str, Any] | None = None


def _orders(least: int, days: int) -> dict[str, Any]:
    return {"field": "orders.count", "cmp": "gte", "value": {"number": least, "days": days}}


_INTERESTS = [
    "露营",
    "自驾",
    "摄影",
    "亲子",
    "骑行",
    "滑雪",
    "钓鱼",
    "越野",
    "改装",
    "赛道",
    "徒步",
    "跑步",
    "马拉松",
    "羽毛球",
    "网球",
    "高尔夫",
    "游泳",
    "瑜伽",
    "健身",
    "咖啡",
    "茶艺",
    "美食",
    "烘焙",
    "红酒",
    "电影",
    "音乐",
    "音响",
    "阅读",
    "书法",
    "绘画",
    "手作",
    "宠物",
    "园艺",
    "数码",
    "智能家居",
    "无人机",
    "旅行",
    "古镇",
    "温泉",
    "公益",
]

TAG_GROUPS: tuple[tuple[str, bool, tuple[DemoTag, ...]], ...] = (
    (
        "兴趣",
        False,
        tuple(
            DemoTag(name, round(0.17 / (1 + rank * 0.045), 3), "wecom" if rank % 3 else "manual")
            for rank, name in enumerate(_INTERESTS)
        ),
    ),
    (
        "用车",
        False,
        (
            DemoTag("首购", 0.46, "import"),
            DemoTag("增换购", 0.24, "import"),
            DemoTag("公司用车", 0.08, "import"),
            DemoTag("通勤", 0.52, "model"),
            DemoTag("长途", 0.19, "model"),
            DemoTag("带娃家庭", 0.31, "manual"),
            DemoTag("家充桩", 0.27, "import"),
            DemoTag("高里程", 0.12, "model"),
        ),
    ),
    (
        "行为",
        False,
        (
            DemoTag("活动达人", 0.07, "manual"),
            DemoTag("试驾达人", 0.05, "manual"),
            DemoTag("老带新", 0.06, "import"),
            DemoTag("直播观众", 0.14, "wecom"),
            DemoTag("投诉处理中", 0.015, "manual"),
            DemoTag("复购", 0, rule=_orders(2, 180)),
            DemoTag(
                "沉睡预警",
                0,
                rule={
                    "op": "all",
                    "items": [
                        {"field": "last_active", "cmp": "before", "value": 60},
                        {"field": "stage", "cmp": "in", "value": ["growth", "mature"]},
                    ],
                },
            ),
        ),
    ),
    (
        "价值",
        True,
        (
            DemoTag("高价值", 0.09, "model"),
            DemoTag("中价值", 0.33, "model"),
            DemoTag("低价值", 0.48, "model"),
        ),
    ),
    (
        "来源渠道",
        True,
        (
            DemoTag("官网", 0.18, "import"),
            DemoTag("小程序", 0.27, "import"),
            DemoTag("车展", 0.13, "import"),
            DemoTag("老友推荐", 0.11, "import"),
            DemoTag("门店", 0.23, "import"),
        ),
    ),
)


def segments(tag_ids: dict[str, int], city_codes: dict[str, str]) -> list[tuple[str, str, Any]]:
    """Return name, description and tree of the segments a brand starts with."""

    def tagged(*names: str) -> dict[str, Any]:
        return _leaf("tags", "any", [tag_ids[name] for name in names])

    complaining = {"op": "not", "items": [tagged("投诉处理中")]}
    valued = (tagged("高价值"), _leaf("last_active", "within", 30))
    cooling = _all(_leaf("stage", "in", ["mature"]), _leaf("orders.last", "before", 90))
    asleep = {"op": "any", "items": [_leaf("stage", "in", ["dormant"]), cooling]}
    found = [
        (
            "新车主 90 天",
            "交付 90 天内，推荐进归属经销商的地区社群",
            _all(_leaf("stage", "in", ["introduction"])),
        ),
        ("复购车主", "180 天内下单 2 次以上", _all(_orders(2, 180))),
        (
            "户外爱好者",
            "喜欢露营、自驾、越野或徒步，排除投诉处理中的车主",
            _all(tagged("露营", "自驾", "越野", "徒步"), complaining),
        ),
        (
            "高价值活跃车主",
            "高价值，30 天内活跃，同意接收营销消息",
            _all(*valued, _leaf("consent", "given", ["marketing"])),
        ),
        ("沉睡待唤醒", "沉睡期，或 90 天没有下单的成熟期车主", asleep),
    ]
    twice = _leaf("events.attended", "gte", {"number": 2, "days": 180})
    keen = _all(twice, complaining)
    found.append(("活动常客", "180 天内到场 2 场活动以上，排除投诉处理中的车主", keen))
    known = [city_codes[name] for name in ("杭州市", "上海市", "苏州市") if name in city_codes]
    if known:
        families = _all(_leaf("city", "in", known), tagged("带娃家庭", "亲子"))
        found.append(("长三角亲子家庭", "杭州、上海、苏州，带娃或亲子兴趣", families))
    return found


def _leaf(field: str, cmp: str, value: Any) -> dict[str, Any]:
    return {"field": field, "cmp": cmp, "value": value}


def _all(*items: dict[str, Any]) -> dict[str, Any]:
    return {"op": "all", "items": list(items)}
