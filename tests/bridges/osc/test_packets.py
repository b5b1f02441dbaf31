import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder, build_msg

from clamp3_bridges.osc.packets import (
    MAX_BLOB,
    BadPacketError,
    Packet,
    build,
    cut,
    parse,
    plain,
    token_of,
)

PING = build("/clamp3/ping", "token", 1)


def bundle(element: bytes, tag: bytes = b"\0" * 7 + b"\1") -> bytes:
    return b"#bundle\0" + tag + element


def hostile() -> dict[str, bytes]:
    """What hangs, stalls or misleads python-osc, and what is merely wrong."""
    address, zeros = b"/clamp3/ping\0\0\0\0", b"\0\0\0\0"
    inner = bundle(len(PING).to_bytes(4) + PING)
    builder = OscBundleBuilder(IMMEDIATELY)
    builder.add_content(build_msg("/clamp3/ping", ["token", 1]))
    return {
        "nothing": b"",
        "one byte": b"/",
        "only zeros": bytes(64),
        "a bundle": builder.build().dgram,
        "a bundle of length -4": bundle(struct.pack(">i", -4)),
        "a bundle of length 0": bundle(struct.pack(">i", 0)),
        "a bundle for the year 2036": bundle(len(PING).to_bytes(4) + PING, b"\xff" * 8),
        "a bundle in a bundle": bundle(len(inner).to_bytes(4) + inner),
        "a thousand bundles": bundle(struct.pack(">i", 16) + b"#bundle\0" + bytes(8)) * 1000,
        "no types": address,
        "types without a comma": address + b"ii\0\0" + zeros * 2,
        "types without an end": address + b",iii",
        "an unknown type": address + b",c\0\0" + zeros,
        "a type that shifts the rest": address + b",ci\0" + zeros + zeros,
        "arrays": address + b",[[[[[[\0",
        "a number too few": address + b",ii\0" + zeros,
        "a number too many": address + b",i\0\0" + zeros * 2,
        "a string without an end": address + b",s\0\0" + b"abcd",
        "a string that is no UTF-8": address + b",s\0\0" + b"\xff\xfe\xfd\0",
        "a blob of length -1": address + b",b\0\0" + struct.pack(">i", -1),
        "a blob of length -2147483648": address + b",b\0\0" + struct.pack(">i", -(1 << 31)),
        "a blob of 2 GiB": address + b",b\0\0" + b"\x7f\xff\xff\xff",
        "a blob over the limit": build("/clamp3/find/midi", "t", 1, bytes(MAX_BLOB + 4)),
        "seventeen arguments": address + b",iiiiiiiiiiiiiiiii\0\0" + zeros * 17,
        "a string over the limit": build("/clamp3/find/text", "t", 1, "x" * 4100),
        "a long message": build("/clamp3/find/text", *["x" * 4000] * 3),
        "a cut message": PING[:-1],
        "an address that is no ASCII": "/clamp3/pïng".encode() + zeros + b",\0\0\0",
        "an endless address": b"/clamp3/" + b"x" * 4000,
        "STUN": b"\0\1\0\0!\x12\xa4B" + bytes(12),
        "somebody else's": build("/live/test", 1),
        "a reply of Ardour": b"#reply\0\0,s\0\0abc\0",
    }


@pytest.mark.parametrize("name", hostile())
def test_what_is_no_message_of_ours_is_refused(name):
    with pytest.raises(BadPacketError):
        parse(hostile()[name])


def test_what_comes_first_is_read_as_the_whole_message_has_it():
    chance = random.Random(3)  # noqa: S311 - no secret is made of it
    whole = build("/clamp3/find/text", "token", "id", "a jig", 5)
    agreed = 0
    for _ in range(3000):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.choice([0, 44, 97, 115, 255])
        try:
            packet = parse(bytes(data))
        except BadPacketError:
            continue
        first = packet.values[0] if packet.values else None
        if isinstance(first, str):
            assert token_of(bytes(data)) == first.encode()
            agreed += 1
    assert agreed > 300


def test_a_pattern_is_an_address_like_any_other():
    packet = parse(build("/clamp3/" + "*" * 40 + "X", "token", 1))

    assert packet == Packet("/clamp3/" + "*" * 40 + "X", ("token", 1))


@pytest.mark.parametrize("value", [7, -7, 1 << 40, 2.5, 0.1, 1e300, "지그", "", b"\1\2\3", None])
def test_a_value_comes_back_as_it_was(value):
    assert parse(build("/clamp3/x", value)).values == (value,)


def test_python_osc_reads_what_is_built():
    built = build("/clamp3/result", 1, 0.5, "Für Elise")

    assert built == build_msg("/clamp3/result", [1, 0.5, "Für Elise"]).dgram


def test_a_blob_of_60_kb_is_read():
    blob = bytes(range(256)) * 240

    assert parse(build("/clamp3/find/midi", "token", 1, blob)).values[2] == blob


def test_types_that_python_osc_knows_and_we_need_are_read():
    builder = OscMessageBuilder("/clamp3/x")
    for value, kind in ((1, "i"), (2, "h"), (0.5, "f"), (0.25, "d"), (True, "T"), (False, "F")):
        builder.add_arg(value, kind)

    assert parse(builder.build().dgram).values == (1, 2, 0.5, 0.25, True, False)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data):
    for datagram in (data, b"/clamp3/" + data, PING[:20] + data):
        for read in (parse, token_of):
            try:
                read(datagram)
            except BadPacketError:
                continue


def test_no_changed_message_raises_anything_else():
    chance = random.Random(7)  # noqa: S311 - no secret is made of it
    whole = build("/clamp3/find/midi", "token", 1, b"MThd" * 8, 10, 0.1)
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 44, 127, 255, 98])
        try:
            parse(bytes(data[: chance.choice([len(data), chance.randrange(len(data))])]))
        except BadPacketError:
            continue


@given(st.text(), st.integers(min_value=3, max_value=60))
def test_a_cut_text_is_a_beginning_and_fits(text, size):
    short = cut(text, size)

    assert len(short.encode()) <= max(size, 3)
    assert short == plain(text) or plain(text).startswith(short.removesuffix("…"))


def test_what_osc_cannot_carry_is_replaced():
    assert plain("a\0b") == "a\ufffdb"
    assert plain("\udcff name") == "\ufffd name"
    assert plain("half \ud800") == "half ?"
