"""Signing in and out, and the language."""

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from cardsvc.api.guard import actor, guard, parts, public
from cardsvc.domain.staff import Permission, Role
from cardsvc.errors import CardsvcError
from cardsvc.services import seed, staff
from counter_ui import asking, failures, shown

pages = Blueprint("public", __name__)
_HOMES = {Role.TELLER: "teller.bench", Role.AUDITOR: "oversight.audit_trail", Role.ADMIN: "oversight.bank_queue"}


@pages.route("/sign-in", methods=["GET", "POST"])
@public("this is the door")
def sign_in() -> str | Response | tuple[str, int]:
    """Ask for name and password."""
    status = 200
    if request.method == "POST":
        try:
            token, _ = staff.sign_in(
                parts().uow,
                request.form.get("username", "").strip(),
                request.form.get("password", ""),
                now=parts().clock(),
                address=request.remote_addr or "",
            )
        except CardsvcError as error:
            status = failures.here(error)
        else:
            language = session.get("language")
            session.clear()
            session["token"] = token
            if language:
                session["language"] = language
            return redirect(asking.inside(request.args.get("next")) or url_for("public.home"))
    accounts = seed.DEMO_ACCOUNTS if parts().demo else ()
    ended = request.method == "GET" and "token" in session and g.get("actor") is None
    return render_template("sign_in.html", accounts=accounts, demo_password=seed.DEMO_PASSWORD, ended=ended), status


@pages.post("/sign-out")
@guard(Permission.SELF)
def sign_out() -> Response:
    """End the session."""
    with parts().uow() as tx:
        staff.sign_out(tx, str(session.get("token", "")), by=actor(), now=parts().clock())
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    flash(shown.text("已安全退出。", "Signed out."))
    return redirect(url_for("public.sign_in"))


@pages.post("/language")
@public("somebody who cannot read the sign-in page must be able to change it")
def language() -> Response:
    """Switch between Chinese and English, and stay on the page."""
    session["language"] = "en" if g.language == "zh" else "zh"
    return redirect(asking.inside(request.form.get("back")) or url_for("public.home"))


@pages.get("/")
@guard(Permission.SELF)
def home() -> Response:
    """Go to where this role works."""
    role = actor().role
    return redirect(url_for(_HOMES.get(role, "clerk.work_list") if role else "public.sign_in"))
