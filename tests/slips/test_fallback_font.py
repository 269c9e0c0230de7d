import importlib.util
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "fallback_font.py"
WHEEL = "justmytype_intl_cjk-0.1.0-py3-none-any.whl"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("fallback_font", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path / "fonts")
    monkeypatch.setattr(module, "TARGET", tmp_path / "fonts" / "NotoSansSC-Regular.ttf")
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "no-debian-font")
    monkeypatch.setattr(module, "download", lambda folder: pytest.fail(f"nothing may be fetched to {folder}"))
    return module


def test_nothing_is_done_where_debian_s_font_is_installed(tool):
    tool.DEBIAN.touch()
    assert tool.main([]) == 0
    assert not tool.TARGET.exists()


def test_nothing_is_done_twice(tool):
    tool.FOLDER.mkdir()
    tool.TARGET.touch()
    assert tool.main([]) == 0
    assert tool.TARGET.stat().st_size == 0


def test_a_folder_without_the_wheel_is_an_error(tool, tmp_path, capsys):
    assert tool.main(["--from", str(tmp_path)]) == 1
    assert "is not in" in capsys.readouterr().err


def test_a_font_with_another_digest_is_not_used(tool, tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        wheel.writestr(tool.MEMBER, b"something else")
        wheel.writestr(tool.LICENCE, b"OFL")
    assert tool.main(["--from", str(tmp_path)]) == 1
    assert "digest" in capsys.readouterr().err
    assert not tool.FOLDER.exists()


def test_the_font_is_where_the_chain_looks_for_it():
    from cardsvc.slips.fonts import CANDIDATES

    spec = importlib.util.spec_from_file_location("fallback_font", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asset = next(path for path in CANDIDATES if path.name == module.TARGET.name)
    assert asset.parts[-4:] == module.TARGET.parts[-4:]
    assert module.DEBIAN in CANDIDATES
