import pytest

from tests.browser import running


@pytest.fixture(scope="session")
def camera(tmp_path_factory, portraits):
    return running.fake_camera(tmp_path_factory.mktemp("camera"))


@pytest.fixture(scope="session")
def browser_type_launch_args(camera):
    return {"executable_path": "/usr/bin/chromium", "args": running.chromium_arguments(camera)}


@pytest.fixture(scope="session")
def browser_context_args():
    return {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN", "permissions": ["camera"]}


@pytest.fixture
def demo(tmp_path):
    with running.Demo(tmp_path / "demo") as started:
        yield started
