from __future__ import annotations

from members.imports.models import Subject
from members.management.commands._importing import ImportCommand


class Command(ImportCommand):
    help = "Brings a CSV or XLSX file of orders in; see docs/imports.md for fields and options."
    subject = Subject.ORDERS
