"""Entries of points: every movement is some member's."""

from __future__ import annotations

from itertools import count

from tests.factories.points import post
from tests.tenancy.batches import known_member
from tests.tenancy.members import make_member
from tests.tenancy.samples import listing, pk, row

number = count(1)


def member(scope):
    return {"member_id": make_member(scope).pk}


def adjustment(scope):
    body = {"ledger": "points", "amount": "5", "reason": "x"}
    return member(scope) | {"body": body | {"token": "5b0c3c3e-3d5c-4b57-9a6f-0d3b6f1d2a11"}}


def make_entry(scope, **values):
    return post(make_member(scope), 50, reason=f"{scope.canary} points", **values)


def entry(scope):
    return {"entry_id": make_entry(scope).pk}


def reversal(scope):
    return entry(scope) | {"body": {"reason": "x"}}


def waiting(scope):
    return {"entry_id": make_entry(scope, pending=True).pk}


def decision(scope):
    return waiting(scope) | {"act": "confirm"}


def movement(scope):
    """A movement of a member of the scope."""
    names = {"source": "matrix", "source_id": f"m{next(number)}"}
    body = {"ledger": "points", "kind": "earn", "amount": 1} | names
    return body | {"member": make_member(scope).pk}


def rows(scope):
    named = movement(scope) | {"customer_no": known_member(scope)}
    del named["member"]
    return {"rows": [named]}


ROUTES = {
    "events:points-list": listing(),
    "events:points-of-member": row(member),
    "events:points-adjust": row(adjustment),
    "events:points-reverse": row(reversal),
    "events:points-settle": row(decision),
    "api:events:points-balances-list": listing(),
    "api:events:points-entries-list": listing(refers=movement),
    "api:events:points-entries-detail": row(pk(entry)),
    "api:events:points-entries-reverse": row(pk(reversal)),
    "api:events:points-entries-confirm": row(pk(waiting)),
    "api:events:points-entries-cancel": row(pk(waiting)),
    "api:events:points-entries-batch-list": listing(refers=rows),
}
