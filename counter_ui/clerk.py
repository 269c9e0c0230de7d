"""The window: work list, and a new application in five short steps."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, g, jsonify, redirect, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as Answer

from cardsvc.api.guard import actor, guard, parts
from cardsvc.api.orders import TypedHolder, holder_of, render_slip
from cardsvc.domain.orders import OrderState
from cardsvc.domain.staff import Permission
from cardsvc.errors import CardsvcError, InvalidInput
from cardsvc.services import intake, looks, orders, papers
from cardsvc.services.views import OrderView
from counter_ui import failures, fields, shown
from counter_ui.shown import word

pages = Blueprint("clerk", __name__)
Page = str | Answer | tuple[str, int]


@pages.get("/orders")
@guard(Permission.ORDER_READ)
def work_list() -> Page:
    """List the orders this user may see."""
    text = request.args.get("text", "").strip()
    wanted = request.args.get("state", "")
    state = OrderState(wanted) if wanted in set(OrderState) else None
    with parts().uow.reading() as tx:
        found = orders.work_list(tx, by=actor(), state=state, text=text, after=request.args.get("after", ""))
    template = "clerk/_lines.html" if request.headers.get("HX-Request") else "clerk/work_list.html"
    return render_template(template, page=found, text=text, state=state, states=list(OrderState))


@pages.get("/orders/new")
@guard(Permission.ORDER_CREATE)
def new() -> Page:
    """Step 1: read the card, or type."""
    return _step1()


@pages.post("/orders/read")
@guard(Permission.ORDER_CREATE)
def read() -> Page:
    """Read the ID card on this desk's reader and show it."""
    found = intake.read_id_card(parts().uow, parts().id_reader(actor().desk), by=actor(), now=parts().clock())
    return render_template("clerk/_reading.html", reading=found)


@pages.get("/orders/readings/<uuid:reading>/photo")
@guard(Permission.ORDER_CREATE)
def reading_photo(reading: uuid.UUID) -> Response:
    """Show the chip's photo."""
    with parts().uow.reading() as tx:
        photo = intake.reading_photo(tx, reading, by=actor(), now=parts().clock())
    return Response(photo or b"", 200 if photo else 404, content_type="image/bmp")


@pages.post("/orders")
@guard(Permission.ORDER_CREATE)
def open_order() -> Page:
    """Open the order for a reading, or for what was typed."""
    reading = request.form.get("reading", "")
    try:
        with parts().uow() as tx:
            if reading:
                number = intake.open_from_reading(tx, fields.reading(), by=actor(), now=parts().clock())
            else:
                number = intake.open_typed(tx, _typed(), by=actor(), now=parts().clock())
    except CardsvcError as error:
        status = failures.here(error)
        return _step1(), status
    return redirect(url_for("clerk.contact", number=number))


@pages.route("/orders/<number>/contact", methods=["GET", "POST"])
@guard(Permission.ORDER_CREATE)
def contact(number: str) -> Page:
    """Step 2: mobile number, branch, agent."""
    status = 200
    if request.method == "POST":
        form = request.form
        try:
            if form.get("by_agent") and not (form.get("agent_name") and form.get("agent_id_number")):
                raise InvalidInput(field="agent", reason="missing")
            with parts().uow() as tx:
                intake.save_contact(
                    tx,
                    number,
                    version=fields.version(),
                    mobile=form.get("mobile", ""),
                    branch_code=form.get("branch", ""),
                    agent_name=form.get("agent_name", "") if form.get("by_agent") else "",
                    agent_id_number=form.get("agent_id_number", "") if form.get("by_agent") else "",
                    by=actor(),
                    now=parts().clock(),
                )
        except CardsvcError as error:
            status = failures.here(error)
        else:
            return redirect(_next_after(number, "clerk.photo"))
    order = _view(number)
    leave = _editable(order)
    if leave is not None:
        return leave
    with parts().uow() as tx:
        choices = intake.branches(tx)
        given = looks.answers(tx, number, by=actor(), now=parts().clock())
    page = render_template("clerk/contact.html", order=order, choices=choices, step=2, form=request.form, given=given)
    return page, status


@pages.get("/orders/<number>/photo")
@guard(Permission.ORDER_CREATE)
def photo(number: str) -> Page:
    """Step 3: camera or file."""
    order = _view(number)
    return _editable(order) or render_template("clerk/photo.html", order=order, step=3)


@pages.post("/orders/<number>/photo")
@guard(Permission.ORDER_CREATE)
def take_photo(number: str) -> Page:
    """Make the portrait of what the camera or a file gave; show it, or every reason."""
    given = request.files.get("photo")
    data = given.read() if given else b""
    if not data:
        raise InvalidInput(field="photo", reason="missing")
    verdict = intake.save_photo(
        parts().uow, parts().normalise, parts().profile, number, data, by=actor(), now=parts().clock()
    )
    return render_template("clerk/_verdict.html", order=_view(number), verdict=verdict, stamp=parts().clock())


@pages.post("/orders/<number>/guide")
@guard(Permission.ORDER_CREATE)
def guide(number: str) -> Page:
    """Say what the person before the camera should do; nothing of the frame is kept."""
    _view(number)  # somebody who may not see the order gets no eye on its camera either
    width = fields.camera_width()
    found = parts().guide(request.get_data(cache=False), parts().profile, camera_width=width)
    return jsonify(good=found.good, advice=[{"code": code, "text": word(code)} for code in found.advice])


@pages.get("/orders/<number>/check")
@guard(Permission.ORDER_CREATE)
def check(number: str) -> Page:
    """Step 4: everything once more, each with a way back."""
    order = _view(number)
    leave = _editable(order)
    if leave is not None:
        return leave
    with parts().uow() as tx:
        given = looks.answers(tx, number, by=actor(), now=parts().clock())
    return render_template("clerk/check.html", order=order, step=4, given=given)


@pages.route("/orders/<number>/sign", methods=["GET", "POST"])
@guard(Permission.ORDER_CONFIRM)
def sign(number: str) -> Page:
    """Step 5: print, have it signed, confirm."""
    status = 200
    try:
        if request.method == "POST":
            with parts().uow() as tx:
                intake.confirm(
                    tx,
                    number,
                    version=fields.version(),
                    signed=bool(request.form.get("signed")),
                    by=actor(),
                    now=parts().clock(),
                )
            return redirect(url_for("orders.show", number=number))
        order = _view(number)
        leave = _editable(order)
        if leave is not None:
            return leave
        papers.make_slip(
            parts().uow,
            render_slip,
            parts().profile,
            number,
            by=actor(),
            now=parts().clock(),
            sample=parts().demo,
        )
    except CardsvcError as error:
        order = _view(number)
        if order.state is not OrderState.DRAFT:  # confirmed a moment ago, by a second press or in another tab
            return redirect(url_for("orders.show", number=number))
        status = failures.here(error)
    return render_template("clerk/sign.html", order=_view(number), step=5), status


def _step1() -> str:
    return render_template("clerk/new.html", step=1, form=request.form, typed="id_number" in request.form)


def _typed() -> Any:
    form = request.form
    try:
        typed = TypedHolder(
            id_number=form.get("id_number", ""),
            name=form.get("name", ""),
            nation=form.get("nation", ""),
            address=form.get("address", ""),
            valid_to=date.fromisoformat(form["valid_to"]) if form.get("valid_to") else None,
            long_term=bool(form.get("long_term")),
        )
    except (ValidationError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise InvalidInput(field="valid_to", reason="unreadable") from None
        first = error.errors()[0]
        reason = "too_long" if first["type"] == "string_too_long" else "missing"
        raise InvalidInput(field=str(first["loc"][0]), reason=reason) from None
    return holder_of(typed)


def _view(number: str) -> OrderView:
    with parts().uow.reading() as tx:
        return orders.view(tx, number, by=actor())


def _editable(order: OrderView) -> Answer | None:
    """Return the way to the order's own page where it can no longer be edited, with what was refused."""
    if order.state is OrderState.DRAFT:
        return None
    if g.get("error"):
        flash(shown.fault(g.error.code, g.error.facts), "fault")
    return redirect(url_for("orders.show", number=order.number))


def _next_after(number: str, usual: str) -> str:
    """Return the next step, or the check page for somebody who came from there to change one answer."""
    back = request.args.get("back") == "check"
    return url_for("clerk.check" if back else usual, number=number)
