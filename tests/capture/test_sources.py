import struct
import zipfile

import pytest

from cardsvc.capture import sources
from cardsvc.capture.sources import Archive, ArchiveSuspect, ArchiveUnreadable, Folder, PhotoUnreadable, open_source


def packed(path, files, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, **options)
    return path


def windows_name(path, old, new):
    """Rename an entry to GBK bytes without the flag for UTF-8, as Windows writes it."""
    raw = path.read_bytes()
    gbk = new.encode("gbk")
    assert len(gbk) == len(old)
    path.write_bytes(raw.replace(old.encode(), gbk))


def test_a_folder_is_read_with_all_below_it_and_no_links(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "1.jpg").write_bytes(b"one")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to("/etc/hostname")
    source = open_source(tmp_path)
    assert isinstance(source, Folder)
    assert [(entry.ref, entry.size) for entry in source.entries()] == [("a/b/1.jpg", 3)]
    assert source.read("a/b/1.jpg") == b"one"
    with pytest.raises(PhotoUnreadable):
        source.read("a/2.jpg")


def test_names_from_windows_and_from_elsewhere_are_both_right(tmp_path):
    path = packed(tmp_path / "a.zip", {"AAAA.jpg": b"1", "pic/王清河.jpg": b"2", "__MACOSX/._1": b"3"})
    windows_name(path, "AAAA", "龙鱼")
    source = open_source(path)
    assert [entry.ref for entry in source.entries()] == ["龙鱼.jpg", "pic/王清河.jpg"]
    assert [source.read(entry.ref) for entry in source.entries()] == [b"1", b"2"]


def test_a_changed_file_has_another_stamp(tmp_path):
    first = packed(tmp_path / "a.zip", {"1.jpg": b"one"})
    before = Archive(first).entries()
    packed(first, {"1.jpg": b"two"})
    assert Archive(first).entries()[0].stamp != before[0].stamp


def test_bombs_nests_and_crowds_are_refused_before_anything_is_read(tmp_path, monkeypatch):
    with pytest.raises(ArchiveSuspect):
        Archive(packed(tmp_path / "bomb.zip", {"1.png": bytes(40_000_000)})).entries()
    with pytest.raises(ArchiveSuspect):
        Archive(packed(tmp_path / "nest.zip", {"inner.zip": b"PK"})).entries()
    monkeypatch.setattr(sources, "MOST_ENTRIES", 2)
    with pytest.raises(ArchiveSuspect):
        Archive(packed(tmp_path / "crowd.zip", {f"{i}.jpg": b"" for i in range(3)})).entries()


def test_a_header_that_lies_about_the_size_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_BYTES", 1000)
    path = packed(tmp_path / "a.zip", {"1.jpg": bytes(range(256)) * 40})
    assert len(Archive(path).read("1.jpg")) == 1001


def test_what_is_no_archive_or_is_locked_or_broken_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"%PDF")
    with pytest.raises(ArchiveUnreadable):
        open_source(tmp_path / "a.zip").entries()
    locked = packed(tmp_path / "b.zip", {"1.jpg": b"x"})
    raw = bytearray(locked.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.index(mark) + offset
        raw[at : at + 2] = struct.pack("<H", 1)
    locked.write_bytes(raw)
    with pytest.raises(ArchiveUnreadable):
        Archive(locked).entries()
    with pytest.raises(PhotoUnreadable):
        Archive(locked).read("1.jpg")
    torn = packed(tmp_path / "c.zip", {"1.jpg": bytes(range(256)) * 40})
    raw = bytearray(torn.read_bytes())
    raw[60:200] = bytes(140)
    torn.write_bytes(raw)
    with pytest.raises(PhotoUnreadable):
        Archive(torn).read("1.jpg")
