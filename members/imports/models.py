from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.files.models import StoredFile
from core.kernel.scoping import BrandDetail, BrandModel, BrandQuerySet
from core.runs.models import Run


class Subject(models.TextChoices):
    """What the rows of a file are."""

    MEMBERS = "members", _("Members")
    ORDERS = "orders", _("Orders")


class ImportProfileQuerySet(BrandQuerySet["ImportProfile"]):
    is_brand_wide = True


class ImportProfile(BrandModel):
    """How the columns of a kind of file map to our fields, saved under a name."""

    name = models.CharField(_("name"), max_length=80)
    subject = models.CharField(max_length=8, choices=Subject.choices)
    mapping = models.JSONField()  # {our field: their column header}
    options = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    objects = ImportProfileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "subject", "name"], name="members_importprofile_one_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ImportJobQuerySet(BrandQuerySet["ImportJob"]):
    is_brand_wide = True


class ImportJob(BrandModel):
    """One file on its way in. Every row that was read is counted in exactly one of four ways."""

    run = models.OneToOneField(
        Run, models.PROTECT, related_name="+", null=True, db_constraint=False
    )
    file = models.ForeignKey(
        StoredFile, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    errors_file = models.ForeignKey(
        StoredFile,
        models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    subject = models.CharField(max_length=8, choices=Subject.choices)
    source = models.JSONField(default=dict)  # how to read the file, as ``reading.source.vet`` said
    row_estimate = models.BigIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    headers = models.JSONField(default=list)
    sample = models.JSONField(default=list)
    is_dry_run = models.BooleanField(default=False)
    read_count = models.BigIntegerField(default=0)
    created_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    unchanged_count = models.BigIntegerField(default=0)
    rejected_count = models.BigIntegerField(default=0)
    # Of the rows that came in, those to look at again.
    warning_count = models.BigIntegerField(default=0, db_default=0)
    created_by_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    read_count=F("created_count")
                    + F("updated_count")
                    + F("unchanged_count")
                    + F("rejected_count")
                ),
                name="members_importjob_conserves_rows",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.pk}"

    @property
    def good_count(self) -> int:
        """How many rows were not rejected."""
        return self.read_count - self.rejected_count


class ImportRejectionQuerySet(BrandQuerySet["ImportRejection"]):
    is_brand_wide = True


class ImportRejection(BrandDetail):
    """Why one row stayed out; or, where it ``is_taken``, why somebody should look at it again.

    ``value`` is masked where the column is personal.
    """

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(
        ImportJob, models.CASCADE, related_name="rejections", db_constraint=False, db_index=False
    )
    row_number = models.BigIntegerField()
    column = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    value = models.CharField(max_length=120, blank=True)
    is_taken = models.BooleanField(default=False, db_default=False)

    objects = ImportRejectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["brand", "job", "row_number"], name="members_importrejection_one_per_row"
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_id}:{self.row_number} {self.code}"
