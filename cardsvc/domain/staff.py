"""Roles, and the one table that says who may do what."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who works with the service (经办人, 银行网点, 复核, 审计, 管理员)."""

    CLERK = "clerk"
    TELLER = "teller"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing a person may be allowed to do; every route names one."""

    ORDER_CREATE = "order.create"
    ORDER_READ = "order.read"
    ORDER_CONFIRM = "order.confirm"
    ORDER_CANCEL = "order.cancel"
    PERSON_REVEAL = "person.reveal"
    ID_CARD_READ = "id_card.read"
    CARD_MAKE = "card.make"
    CARD_READ = "card.read"
    PHOTO_OVERRIDE = "photo.override"
    STOCK_MANAGE = "stock.manage"
    OUTBOX_READ = "outbox.read"
    OUTBOX_REPAIR = "outbox.repair"
    AUDIT_READ = "audit.read"
    STAFF_MANAGE = "staff.manage"
    SELF = "self"  # one's own session, language, home page


_R = Role
_P = Permission
_EVERYONE: Final = frozenset(Role)

# Deny by default: what is not written here nobody may do. ADMIN manages, and sees no business data.
ALLOWED: Final[dict[Permission, frozenset[Role]]] = {
    _P.ORDER_CREATE: frozenset({_R.CLERK}),
    _P.ORDER_READ: frozenset({_R.CLERK, _R.TELLER, _R.SUPERVISOR, _R.AUDITOR}),
    _P.ORDER_CONFIRM: frozenset({_R.CLERK}),
    _P.ORDER_CANCEL: frozenset({_R.CLERK, _R.SUPERVISOR}),
    _P.PERSON_REVEAL: frozenset({_R.CLERK, _R.TELLER, _R.SUPERVISOR}),
    _P.ID_CARD_READ: frozenset({_R.CLERK, _R.TELLER}),
    _P.CARD_MAKE: frozenset({_R.TELLER}),
    _P.CARD_READ: frozenset({_R.TELLER, _R.SUPERVISOR, _R.AUDITOR}),
    _P.PHOTO_OVERRIDE: frozenset({_R.SUPERVISOR}),
    _P.STOCK_MANAGE: frozenset({_R.TELLER, _R.SUPERVISOR}),
    _P.OUTBOX_READ: frozenset({_R.SUPERVISOR, _R.AUDITOR, _R.ADMIN}),
    _P.OUTBOX_REPAIR: frozenset({_R.SUPERVISOR}),
    _P.AUDIT_READ: frozenset({_R.AUDITOR}),
    _P.STAFF_MANAGE: frozenset({_R.ADMIN}),
    _P.SELF: _EVERYONE,
}


def may(role: Role, permission: Permission) -> bool:
    """Return whether the table allows ``role`` to do ``permission``."""
    return role in ALLOWED.get(permission, frozenset())
