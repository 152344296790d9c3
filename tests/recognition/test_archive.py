"""Pictures in a ZIP archive: which are read, and what is refused."""

import io
import struct
import zipfile

import pytest

from digitjax.errors import InputError
from digitjax.recognition.archive import ArchiveParams, list_pictures, open_archive, read_picture


def pack(*files: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed


def test_pictures_are_found_by_their_endings_and_read():
    names = ["a.PNG", "sub/b.jpg", "../../etc/c.gif", "notes.txt", "__MACOSX/._a.png", "folder.png/d.txt"]
    archive = open_archive(pack(*((name, name.encode()) for name in names)))
    pictures = list_pictures(archive)
    assert [picture.filename for picture in pictures] == names[:3]
    assert [read_picture(archive, picture) for picture in pictures] == [name.encode() for name in names[:3]]


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06", b"PK\x05\x06" + bytes(17)])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(InputError, match="it is no ZIP that can be read"):
        open_archive(io.BytesIO(content))


def test_an_archive_of_too_many_files_is_refused():
    packed = pack(*((f"{i}.png", b"") for i in range(30)))
    with pytest.raises(InputError, match="it holds 30 files: put 29 or fewer into a ZIP"):
        open_archive(packed, ArchiveParams(max_files=29))
    with pytest.raises(InputError, match="it holds too many files"):
        open_archive(packed, ArchiveParams(max_directory=1000))


def test_an_archive_with_64_bit_sizes_is_refused():
    content = bytearray(pack(("a.png", b"a")).getvalue())
    end = content.rfind(b"PK\x05\x06")
    content[end:end] = struct.pack("<IIQI", 0x07064B50, 0, 0, 1)
    with pytest.raises(InputError, match="it holds too many files"):
        open_archive(io.BytesIO(content))


def test_a_bomb_is_refused_before_it_is_unpacked():
    packed = pack(*((f"{i}.png", bytes(1_000_000)) for i in range(5)))
    assert len(packed.getvalue()) < 10_000
    with pytest.raises(InputError, match="it unpacks to more than 4,000,000 bytes: split it"):
        open_archive(packed, ArchiveParams(max_unpacked=4_000_000))
    params = ArchiveParams(max_picture=999_999)
    archive = open_archive(packed, params)
    with pytest.raises(InputError, match="it is larger than 999,999 bytes: reduce it"):
        read_picture(archive, list_pictures(archive)[0], params)


def test_a_picture_that_claims_to_be_small_is_not_unpacked_beyond_that():
    content = bytearray(pack(("a.png", bytes(1_000_000))).getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.find(signature) + offset, 10)
    archive = open_archive(io.BytesIO(content))
    with pytest.raises(InputError, match="it cannot be unpacked"):
        read_picture(archive, list_pictures(archive)[0])


@pytest.mark.parametrize(("offset", "value"), [(6, b"\x01"), (30 + 5, b"\xff\xff\xff")])
def test_encrypted_and_damaged_pictures_are_refused(offset, value):
    content = bytearray(pack(("a.png", b"hello" * 99)).getvalue())
    content[offset : offset + len(value)] = value
    if offset == 6:  # the flags stand in the list of files, too
        content[content.find(b"PK\x01\x02") + 8] = 1
    archive = open_archive(io.BytesIO(content))
    with pytest.raises(InputError, match="it cannot be unpacked"):
        read_picture(archive, list_pictures(archive)[0])
