"""The branch: one scan box, then one step after another, each saved."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from cardsvc.api.guard import actor, guard, parts
from cardsvc.domain.making import MakingStep
from cardsvc.domain.staff import Permission
from cardsvc.errors import CardsvcError
from cardsvc.services import making, orders
from cardsvc.services.views import OrderView
from counter_ui import failures

pages = Blueprint("teller", __name__, url_prefix="/branch")
Page = str | Answer | tuple[str, int]
# Steps that follow by themselves once a blank lies in the reader.
_BY_ITSELF = frozenset({MakingStep.BLANK_TAKEN, MakingStep.CHIP_WRITTEN, MakingStep.READ_BACK})


@pages.get("")
@guard(Permission.CARD_MAKE)
def bench() -> Page:
    """Show the scan box and what waits at this branch."""
    return _bench()


@pages.post("/scan")
@guard(Permission.CARD_MAKE)
def scan() -> Page:
    """Open the order of a slip."""
    try:
        with parts().uow.reading() as tx:
            number = making.open_slip(tx, request.form.get("code", ""), by=actor())
    except CardsvcError as error:
        status = failures.here(error)
        return _bench(), status
    return redirect(url_for("teller.make", number=number))


@pages.get("/<number>")
@guard(Permission.CARD_MAKE)
def make(number: str) -> Page:
    """Show the order and its next step."""
    return render_template("teller/make.html", order=_view(number), run=False)


@pages.post("/<number>/identify")
@guard(Permission.CARD_MAKE)
def identify(number: str) -> Page:
    """Read the ID card again."""
    reader = parts().id_reader(actor().desk)
    return _do(number, lambda: making.identify(parts().uow, reader, number, by=actor(), now=parts().clock()))


@pages.post("/<number>/advance")
@guard(Permission.CARD_MAKE)
def advance(number: str) -> Page:
    """Do the next step with the card; the page asks for the one after it by itself."""
    reader = parts().card_reader(actor().desk)
    return _do(
        number,
        lambda: making.advance(parts().uow, reader, parts().profile, number, by=actor(), now=parts().clock()),
    )


@pages.post("/<number>/spoil")
@guard(Permission.CARD_MAKE)
def spoil(number: str) -> Page:
    """Retire the card that was begun."""
    reason = request.form.get("reason", "")
    return _do(number, lambda: making.spoil(parts().uow, number, reason=reason, by=actor(), now=parts().clock()))


@pages.post("/<number>/enable")
@guard(Permission.CARD_MAKE)
def enable(number: str) -> Page:
    """Enable the card."""
    return _do(number, lambda: making.enable(parts().uow, number, by=actor(), now=parts().clock()))


@pages.post("/<number>/hand-over")
@guard(Permission.CARD_MAKE)
def hand_over(number: str) -> Page:
    """Hand the card over."""
    to = request.form.get("received_by", "holder")
    return _do(number, lambda: making.hand_over(parts().uow, number, received_by=to, by=actor(), now=parts().clock()))


def _do(number: str, act: Callable[[], OrderView]) -> Page:
    """Do one step and show the panel again: going on by itself, or with what stopped it."""
    try:
        order = act()
    except CardsvcError as error:
        status = failures.here(error)
        return render_template("teller/_panel.html", order=_view(number), run=False), status
    return render_template("teller/_panel.html", order=order, run=order.making in _BY_ITSELF)


def _bench() -> str:
    with parts().uow.reading() as tx:
        waiting = orders.work_list(tx, by=actor())
    return render_template("teller/bench.html", page=waiting, code=request.form.get("code", ""))


def _view(number: str) -> OrderView:
    with parts().uow.reading() as tx:
        return orders.view(tx, number, by=actor())
