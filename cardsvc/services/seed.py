"""What an installation starts with: banks and branches, and in the demo one account a role."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from cardsvc.domain.staff import Role
from cardsvc.services import audit, staff
from cardsvc.store.models import BankRow, BranchRow, UserRow
from cardsvc.store.uow import Tx

DEMO_PASSWORD: Final = "demo-2026"  # noqa: S105 - printed at every start of the demo


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo."""

    username: str
    name: str
    role: Role
    branch_code: str | None = None
    window: str = ""


DEMO_BANK: Final = ("ICBC", "中国工商银行（演示）")
DEMO_BRANCHES: Final = (
    ("0017", "南明支行（演示网点）", "贵阳市南明区样例路 17 号"),
    ("0018", "云岩支行（演示网点）", "贵阳市云岩区样例路 18 号"),
)
DEMO_ACCOUNTS: Final = (
    DemoAccount("clerk", "经办员甲", Role.CLERK, window="3"),
    DemoAccount("teller", "柜员乙", Role.TELLER, branch_code="0017"),
    DemoAccount("supervisor", "复核员丙", Role.SUPERVISOR),
    DemoAccount("auditor", "审计员丁", Role.AUDITOR),
    DemoAccount("admin", "管理员戊", Role.ADMIN),
)


def bank(tx: Tx, code: str, name: str) -> None:
    """Make the bank known if it is not."""
    if tx.get(BankRow, code) is None:
        tx.add(BankRow(code=code, name=name))
        tx.flush()


def branch(tx: Tx, bank_code: str, code: str, name: str, address: str) -> None:
    """Make the branch known if it is not."""
    if tx.get(BranchRow, code) is None:
        tx.add(BranchRow(code=code, bank_code=bank_code, name=name, address=address))
        tx.flush()


def demo(tx: Tx, *, now: datetime) -> None:
    """Put the demo's bank, branches and accounts in where they are missing."""
    bank(tx, *DEMO_BANK)
    for row in DEMO_BRANCHES:
        branch(tx, DEMO_BANK[0], *row)
    known = set(tx.scalars(select(UserRow.username)))
    for account in DEMO_ACCOUNTS:
        if account.username not in known:
            staff.add_user(
                tx,
                username=account.username,
                name=account.name,
                role=account.role,
                password=DEMO_PASSWORD,
                branch_code=account.branch_code,
                window=account.window,
                by=audit.SERVICE,
                now=now,
            )
