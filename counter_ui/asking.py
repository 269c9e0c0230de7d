"""What a browser asks for: the page it stands on."""

from typing import Final
from urllib.parse import urlsplit

from flask import request, url_for

# Addresses that only take a form, and the page the form stands on.
_PAGE_OF_FORM: Final = {
    "clerk.open_order": "clerk.new",
    "orders.cancel": "orders.show",
    "orders.revise": "orders.show",
    "oversight.retry": "oversight.bank_queue",
    "public.language": "public.home",
    "public.sign_out": "public.home",
    "teller.scan": "teller.bench",
}


def inside(target: str | None) -> str:
    """Return ``target`` if it is a path of this site, else ""."""
    parsed = urlsplit(target or "")
    plain = not parsed.scheme and not parsed.netloc and parsed.path.startswith("/")
    return target or "" if plain and not (target or "").startswith(("//", "/\\")) else ""


def page() -> str:
    """Return the address of the page the person looks at; it can be asked for again."""
    if request.headers.get("HX-Request"):
        seen = urlsplit(request.headers.get("HX-Current-URL", ""))
        return inside(f"{seen.path}?{seen.query}" if seen.query else seen.path) or url_for("public.home")
    form = _PAGE_OF_FORM.get(request.endpoint or "")
    if form is None:
        return request.full_path.removesuffix("?")
    number = (request.view_args or {}).get("number")
    return url_for(form, number=number) if number else url_for(form)
