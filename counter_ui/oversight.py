"""Looking on: what waits for a bank, and who did what."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from cardsvc.api.guard import actor, guard, parts
from cardsvc.domain.staff import Permission
from cardsvc.services import audit, outbox

pages = Blueprint("oversight", __name__)


@pages.get("/bank-queue")
@guard(Permission.OUTBOX_READ)
def bank_queue() -> str:
    """Show the messages that are not delivered yet, and why."""
    with parts().uow.reading() as tx:
        return render_template("oversight/bank_queue.html", lines=outbox.waiting(tx), now=parts().clock())


@pages.post("/bank-queue/<uuid:message>/retry")
@guard(Permission.OUTBOX_REPAIR)
def retry(message: uuid.UUID) -> Answer:
    """Send a held message again."""
    with parts().uow() as tx:
        outbox.retry(tx, message, by=actor(), now=parts().clock())
    return redirect(url_for("oversight.bank_queue"))


@pages.get("/audit")
@guard(Permission.AUDIT_READ)
def audit_trail() -> str:
    """Show the audit trail, newest first."""
    after = request.args.get("after", "")
    with parts().uow.reading() as tx:
        lines = audit.page(tx, subject=request.args.get("subject", "").strip(), after=after)
        whole = audit.verify(tx) is None if not after else None
    return render_template("oversight/audit.html", lines=lines, whole=whole)
