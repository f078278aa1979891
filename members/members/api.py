from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers

from core.kernel import formats
from core.kernel.access import Permission
from core.kernel.api import (
    BadRequest,
    BrandViewSet,
    Filter,
    ModelSerializer,
    Serializer,
    VersionField,
    VisibleRelatedField,
)
from core.organizations.models import City, Dealer
from members.custom_fields import selectors as custom_fields
from members.members import selectors, services
from members.profiles.models import Member, Stage
from members.segments.models import Segment

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

    from core.kernel.scoping import BrandQuerySet

NARROWING = ("city", "dealer", "stage", "source", "tag", "segment", "q")


def _kept(queryset: QuerySet[Member], _value: Any) -> QuerySet[Member]:
    """Filters are applied together, in ``get_queryset``, since segments need the viewer."""
    return queryset


def _number(description: str) -> Filter:
    return Filter(serializers.IntegerField(min_value=1, max_value=2**63 - 1), _kept, description)


class MemberOut(ModelSerializer):
    """``custom`` holds every field the brand declared, by its key; null where nothing is known.

    For who may not edit members, the name is masked and fields of personal data are left out.
    """

    display_name = serializers.SerializerMethodField()
    custom = serializers.SerializerMethodField()

    class Meta:
        model = Member
        fields = [
            "id",
            "display_name",
            "customer_no",
            "phone_masked",
            "gender",
            "city",
            "home_dealer",
            "stage",
            "stage_since",
            "source",
            "joined_on",
            "last_active_at",
            "created_at",
            "updated_at",
            "version",
            "custom",
        ]

    def get_display_name(self, member: Member) -> str:
        """Return the name as the console shows it to this viewer."""
        may_edit = self.context["request"].auth.may(Permission.MEMBERS_EDIT)
        return member.display_name if may_edit else formats.masked_name(member.display_name)

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_custom(self, member: Member) -> dict[str, Any]:
        """Return the values of the brand's own fields; read once for all members of a page."""
        known = self.context.get("custom")
        if known is None:
            listed = self.parent.instance if self.parent is not None else None
            ids = [each.pk for each in listed] if listed is not None else [member.pk]
            viewer = self.context["request"].auth
            known = custom_fields.json_of(brand_id=viewer.brand_id, member_ids=ids, viewer=viewer)
            cast("dict[str, Any]", self.context)["custom"] = known
        found: dict[str, Any] = known[member.pk]
        return found


class MemberChange(Serializer):
    display_name = serializers.CharField(max_length=200)
    phone = serializers.CharField(max_length=32, allow_blank=True, required=False)
    customer_no = serializers.CharField(
        max_length=64, allow_blank=True, allow_null=True, required=False
    )
    gender = serializers.ChoiceField(choices=Member.Gender.choices, required=False)
    city = serializers.PrimaryKeyRelatedField(
        queryset=City.objects.all(), allow_null=True, required=False
    )
    home_dealer = VisibleRelatedField(
        queryset=Dealer.objects.all(), allow_null=True, required=False
    )
    stage = serializers.ChoiceField(choices=Stage.choices, required=False)
    custom = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        required=False,
        help_text="Values by key; null takes one away, keys left out stay as they are.",
    )
    version = VersionField()


class MemberIn(MemberChange):
    version = None  # type: ignore[assignment]  # a new member has no version to compare


class MemberViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, BrandViewSet):
    """Car owners and prospects. Phones go in whole and come out masked."""

    queryset: BrandQuerySet[Any] = Member.objects.all()
    serializer_class = MemberOut
    inputs = {"create": MemberIn, "partial_update": MemberChange}
    permissions = {
        "GET": Permission.MEMBERS_VIEW,
        "POST": Permission.MEMBERS_EDIT,
        "PATCH": Permission.MEMBERS_EDIT,
    }
    filters = {
        "city": Filter(serializers.RegexField(r"^[0-9]{4}$"), _kept, "Code of the city."),
        "dealer": _number("Id of the home dealer."),
        "stage": Filter(serializers.ChoiceField(Stage.choices), _kept, "Lifecycle stage."),
        "source": Filter(
            serializers.ChoiceField(Member.Source.choices), _kept, "Where the member came from."
        ),
        "tag": _number("Id of a tag the member has."),
        "segment": _number("Id of a segment the member is in now."),
        "q": Filter(
            serializers.CharField(max_length=80),
            _kept,
            "Beginning of the name; a phone or its last four digits; the last six of a VIN; "
            "a customer number.",
        ),
    }

    def get_queryset(self) -> BrandQuerySet[Any]:
        """Return the visible members; a list is narrowed by all filters at once."""
        if self.action != "list":
            every: BrandQuerySet[Any] = super().get_queryset()
            return every
        asked = self.request.query_params
        chosen = {name: self._parsed(name, asked[name]) for name in NARROWING if name in asked}
        query = chosen.pop("q", "")
        if "segment" in chosen:
            chosen["segment"] = self._segment(chosen["segment"])
        rows = selectors.narrowed(
            viewer=self.viewer, now=timezone.now(), chosen=chosen, query=query
        )
        return cast("BrandQuerySet[Any]", rows)

    def _parsed(self, name: str, text: str) -> Any:
        try:
            return self.filters[name].field.run_validation(text)
        except serializers.ValidationError as error:
            raise BadRequest(str(error), "bad_parameter", parameter=name) from error

    def _segment(self, number: int) -> Segment:
        segment = Segment.objects.visible_to(self.viewer).filter(pk=number).first()
        if segment is None:
            raise BadRequest(_("There is no such segment."), "unknown_segment", parameter="segment")
        return segment

    def create(self, request: Request) -> Response:
        """Take in a member by hand."""
        values = self.parsed()
        member = services.register_member(
            custom=values.pop("custom", {}),
            values=values,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.created(member)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change a member, unless somebody did so meanwhile."""
        held, changes = self.get_object(), self.parsed()
        member = services.change_member(
            member=held,
            version=changes.pop("version"),
            custom=changes.pop("custom", {}),
            changes=changes,
            actor=self.viewer,
            now=timezone.now(),
        )
        return self.rendered(member)
