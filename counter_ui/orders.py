"""One order: where it stands, its timeline, its papers; cancelling and looking behind the mask."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from cardsvc.api.guard import actor, guard, parts
from cardsvc.domain.staff import Permission
from cardsvc.errors import CardsvcError
from cardsvc.services import intake, looks, orders, papers
from counter_ui import failures, fields

pages = Blueprint("orders", __name__)
Page = str | Answer | tuple[str, int]


@pages.get("/orders/<number>")
@guard(Permission.ORDER_READ)
def show(number: str) -> Page:
    """Show the order."""
    with parts().uow.reading() as tx:
        return render_template("order/show.html", order=orders.view(tx, number, by=actor()))


@pages.get("/orders/<number>/status")
@guard(Permission.ORDER_READ)
def status(number: str) -> Page:
    """Show what may have changed; asked by the page itself every second."""
    with parts().uow.reading() as tx:
        return render_template("order/_pushed.html", order=orders.view(tx, number, by=actor()))


@pages.get("/orders/<number>/portrait.jpg")
@guard(Permission.ORDER_READ)
def portrait(number: str) -> Response:
    """Show the portrait."""
    with parts().uow.reading() as tx:
        return Response(intake.portrait(tx, number, by=actor()), content_type="image/jpeg")


@pages.get("/orders/<number>/slip.pdf")
@guard(Permission.ORDER_READ)
def slip(number: str) -> Response:
    """Show the stored slip; the print is counted."""
    with parts().uow() as tx:
        pdf = papers.slip_pdf(tx, number, by=actor(), now=parts().clock())
    return Response(pdf, content_type="application/pdf")


@pages.post("/orders/<number>/cancel")
@guard(Permission.ORDER_CANCEL)
def cancel(number: str) -> Page:
    """Cancel the order with a reason."""
    try:
        with parts().uow() as tx:
            orders.cancel(
                tx,
                number,
                version=fields.version(),
                reason=request.form.get("reason", ""),
                by=actor(),
                now=parts().clock(),
            )
    except CardsvcError as error:
        return _again(number, error)
    return redirect(url_for("orders.show", number=number))


@pages.post("/orders/<number>/revise")
@guard(Permission.ORDER_CREATE)
def revise(number: str) -> Page:
    """Take an order the bank refused back to the window."""
    try:
        with parts().uow() as tx:
            version = fields.version()
            orders.revise(tx, number, version=version, by=actor(), now=parts().clock())
    except CardsvcError as error:
        return _again(number, error)
    return redirect(url_for("clerk.check", number=number))


@pages.post("/orders/<number>/reveal")
@guard(Permission.PERSON_REVEAL)
def reveal(number: str) -> Page:
    """Show the whole ID number for a reason; audited."""
    with parts().uow() as tx:
        reason = request.form.get("reason", "")
        found = looks.reveal_id_number(tx, number, reason=reason, by=actor(), now=parts().clock())
    return render_template("order/_revealed.html", id_number=found)


def _again(number: str, error: CardsvcError) -> tuple[str, int]:
    code = failures.here(error)
    with parts().uow.reading() as tx:
        return render_template("order/show.html", order=orders.view(tx, number, by=actor())), code
