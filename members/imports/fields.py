"""What a file can bring: our fields, the names people give their columns, and the choices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.kernel.letters import normalized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrOrPromise

    from members.custom_fields.rules import Spec

CLOSE_ENOUGH = 0.82
_NOISE = re.compile(r"[\s_\-./()（）【】\[\]:：*#]+|（.*?）")


@dataclass(frozen=True)
class Field:
    """One thing a column can hold. ``others`` are names that columns of this kind have elsewhere.

    The value of a personal field is shown masked where a row is reported.
    """

    name: str
    label: _StrOrPromise
    others: tuple[str, ...]
    help: _StrOrPromise = ""
    is_personal: bool = False


MEMBER_FIELDS = (
    Field(
        "customer_no",
        _("Customer number"),
        ("客户编号", "客户号", "会员编号", "会员号", "车主编号", "客户id", "会员id", "用户编号",
         "customer id", "customer no", "customer", "member id", "crm id", "uid"),
        _("Your own number of the person; rows are matched by it first."),
    ),
    Field(
        "display_name",
        _("Full name"),
        ("姓名", "客户姓名", "车主姓名", "会员姓名", "称呼", "昵称", "full name", "name",
         "nickname"),
    ),
    Field(
        "phone",
        _("Phone"),
        ("手机", "手机号", "手机号码", "电话", "联系电话", "联系方式", "移动电话", "mobile",
         "phone number", "tel", "telephone", "cell"),
        _("Stored encrypted; rows without a customer number are matched by it."),
        is_personal=True,
    ),
    Field("gender", _("Gender"), ("性别", "sex"), _("男 / 女, m / f")),
    Field(
        "city",
        _("City"),
        ("城市", "所在城市", "常住城市", "地区", "所在地", "city name", "city code"),
        _("Code, full name or short name: 3301, 杭州市, 杭州"),
    ),
    Field(
        "home_dealer",
        _("Home dealer"),
        ("经销商", "归属经销商", "所属经销商", "经销商代码", "经销商编号", "经销商名称", "4s店",
         "门店", "dealer", "dealer code", "dealer name"),
        _("Code or name of the dealer"),
    ),
    Field(
        "stage",
        _("Lifecycle stage"),
        ("阶段", "生命周期", "生命周期阶段", "客户阶段", "lifecycle", "lifecycle stage"),
        _("潜客, 导入期, 成长期, 成熟期, 沉睡, 流失"),
    ),
    Field(
        "joined_on",
        _("Member since"),
        ("入会日期", "注册日期", "注册时间", "加入日期", "成为会员日期", "建档日期", "入会时间",
         "加入时间", "建档时间", "joined",
         "join date", "registered", "created"),
    ),
    Field(
        "last_active_at",
        _("Last active"),
        ("最近活跃时间", "最后活跃时间", "最近活跃日期", "最近活跃", "最后活跃", "最近登录时间",
         "最后登录时间", "最近访问时间", "last active at", "last seen", "last login"),
        _("Date, or date and time of Shanghai; the later one of this and what is known counts."),
    ),
    Field(
        "app_user",
        _("App user id"),
        ("app用户id", "app账号", "app id", "应用用户id", "app user id", "app user"),
        is_personal=True,
    ),
    Field(
        "unionid",
        _("WeChat unionid"),
        ("微信unionid", "wechat unionid", "union id"),
        is_personal=True,
    ),
    Field(
        "vin",
        _("VIN"),
        ("车架号", "车辆识别代号", "车辆识别码", "vin码", "底盘号", "chassis number"),
        _("17 characters; stored encrypted. Needs a model and a delivery date."),
        is_personal=True,
    ),
    Field(
        "model",
        _("Vehicle model"),
        ("车型", "车型代码", "车型名称", "车系", "vehicle", "car model", "model code"),
        _("Code or name of a model of the brand"),
    ),
    Field(
        "delivered_on",
        _("Delivered on"),
        ("交付日期", "交车日期", "提车日期", "购车日期", "交付时间", "交车时间",
         "提车时间", "delivery date", "delivered"),
    ),
    Field(
        "tags",
        _("Tags"),
        ("标签", "客户标签", "用户标签", "tag", "labels"),
        _("Several are separated by ; 、 or |. “Interest:Camping” names the group."),
    ),
    Field(
        "consent",
        _("Consent"),
        ("是否同意", "同意", "授权", "营销授权", "同意入群", "consented", "opt in", "agreed"),
        _("是 / 否, yes / no"),
    ),
)  # fmt: skip
ORDER_FIELDS = (
    Field(
        "order_no",
        _("Order number"),
        ("订单号", "订单编号", "单号", "工单号", "销售单号", "order id", "order", "invoice no"),
        _("Without one, a number is made from customer, time, amount and quantity."),
    ),
    Field("customer_no", _("Customer number"), MEMBER_FIELDS[0].others),
    Field("phone", _("Phone"), MEMBER_FIELDS[2].others, is_personal=True),
    Field(
        "ordered_at",
        _("Ordered at"),
        ("下单时间", "订单时间", "下单日期", "订单日期", "交易时间", "消费时间", "购买时间", "日期",
         "时间", "date", "order date", "order time", "time", "purchased at"),
        _("Date, or date and time, in the time zone of Shanghai"),
    ),
    Field(
        "amount",
        _("Amount"),
        ("金额", "订单金额", "实付金额", "消费金额", "成交金额", "总价", "price", "total",
         "amount usd", "amount cny", "order amount", "paid"),
    ),
    Field("quantity", _("Quantity"), ("数量", "件数", "购买数量", "qty", "count", "items")),
    Field("channel", _("Channel"), ("渠道", "来源", "销售渠道", "下单渠道", "source")),
    Field(
        "category",
        _("Category"),
        ("品类", "类别", "商品类别", "业务类型", "product category", "product type"),
        _("Your own word for what was bought: 精品, 保养"),
    ),
)  # fmt: skip
FIELDS: dict[str, tuple[Field, ...]] = {"members": MEMBER_FIELDS, "orders": ORDER_FIELDS}

# Of each group at least one must be mapped.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "members": (("customer_no", "phone"),),
    "orders": (("customer_no", "phone"), ("ordered_at",), ("amount",)),
}
# A field that says nothing without the others.
TOGETHER: dict[str, tuple[str, ...]] = {
    "vin": ("model", "delivered_on"),
    "model": ("vin",),
    "delivered_on": ("vin",),
}


CUSTOM = "custom."  # what the names of a brand's own fields begin with


def own_field(spec: Spec) -> Field:
    """Return a field that the brand declared as one that a file can bring."""
    told = spec.help
    if spec.offered:
        told = " / ".join(choice.label for choice in spec.offered[:6])
    if spec.kind == "choices":
        told = _("Several are separated by ; or 、: %s") % told
    return Field(spec.name, spec.label, (spec.label, spec.key), told, spec.is_personal)


def suggest(subject: str, headers: Sequence[str], own: Sequence[Field] = ()) -> dict[str, str]:
    """Return {our field: their column} for the columns whose name we understand.

    ``own`` are the fields that the brand declared itself.

    The best pair first, so that “customer name” goes to the name even where “customer” could be
    the number. A column serves one field only.
    """
    pairs = [
        (_likeness(header, field), -order, field.name, header)
        for order, field in enumerate((*FIELDS[subject], *own))
        for header in headers
    ]
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for likeness, _order, name, header in sorted(pairs, reverse=True):
        if likeness >= CLOSE_ENOUGH and name not in mapping and header not in taken:
            mapping[name] = header
            taken.add(header)
    return mapping


def _likeness(header: str, field: Field) -> float:
    theirs = plain(header)
    best = 0.0
    for name in (field.name, *field.others):
        ours = plain(name)
        if theirs == ours:
            return 1.0
        ratio = _ratio(theirs, ours)
        # Chinese names are short: one character more is a quarter, yet means the same.
        if len(ours) >= 2 and not ours.isascii() and ours in theirs:
            ratio = max(ratio, 0.85)
        best = max(best, ratio)
    return best


def _ratio(theirs: str, ours: str) -> float:
    """Return how alike two names are; zero where their lengths alone tell that it is too little."""
    length = len(theirs) + len(ours)
    if 2 * min(len(theirs), len(ours)) < CLOSE_ENOUGH * length:
        return 0.0
    return SequenceMatcher(None, theirs, ours, autojunk=False).ratio()


def plain(name: str) -> str:
    """Return a column's name without case, width, spaces and signs."""
    return _NOISE.sub("", normalized("NFKC", name).casefold())
