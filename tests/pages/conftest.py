import re

import pytest

from cardsvc.services.seed import DEMO_PASSWORD
from tests.api.conftest import app, counter, fonts, person

__all__ = ["app", "counter", "fonts", "person"]


class Window:
    """A browser without a screen: keeps cookies and finds the token of the page it looks at."""

    def __init__(self, app):
        self.client = app.test_client()
        self.token = ""

    def get(self, path, **headers):
        return self._seen(self.client.get(path, headers=headers))

    def post(self, path, **form):
        return self._seen(self.client.post(path, data={"csrf_token": self.token, **form}))

    def part(self, path, page, **form):
        """Ask as htmx does, from ``page``."""
        headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{page}", "X-CSRFToken": self.token}
        return self.client.post(path, data=form, headers=headers)

    def sign_in(self, who="clerk"):
        self.get("/sign-in")
        answer = self.post("/sign-in", username=who, password=DEMO_PASSWORD)
        assert answer.status_code == 302
        self._seen(self.client.get(answer.location, follow_redirects=True))
        return self

    def _seen(self, answer):
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        self.token = found.group(1) if found else self.token
        return answer


@pytest.fixture
def database_url(tmp_path):
    return f"sqlite:///{tmp_path / 'test.sqlite'}"  # pages do not know which database it is


@pytest.fixture
def window(app):
    return Window(app)
