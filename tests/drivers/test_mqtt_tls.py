"""The MQTT driver over TLS against Mosquitto: a client certificate per cabinet, the host name checked, an ACL."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker_rig import CABINET, MakeMosquitto, Rig, Start
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.tls import tls_context
from locker.config import Mqtt
from locker.model import Delivered, LinkDown, LinkUp, NotDelivered

BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
ACL = """pattern write lk/v1/%u/up/#
pattern read lk/v1/%u/down/#
pattern write homeassistant/device/locker_%u/config
"""

pytestmark = [
    pytest.mark.debian("mosquitto"),
    # paho leaves the socket of a failed handshake to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


class Authority:
    """A certificate authority of the test, writing PEM files into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        public = self._key.public_key()
        certificate = (
            self._begin(self._name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._signed(certificate))

    def certify(self, name: str, host: str = "") -> tuple[Path, Path]:
        """A certificate for a cabinet, or for a broker at an IP address: certificate file and key file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = self._begin(subject, key.public_key())
        if host:
            address = x509.IPAddress(ipaddress.ip_address(host))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(self._signed(builder))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _begin(self, subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return x509.CertificateBuilder(
            self._name, subject, public, x509.random_serial_number(), BEGIN, END
        ).add_extension(issuer, critical=False)

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def make_mosquitto(
    tmp_path: Path, start: Start, program: Callable[[str], str], free_port: int
) -> Iterator[MakeMosquitto]:
    """Make a running Mosquitto, with more lines of configuration."""
    with MakeMosquitto(free_port, tmp_path, start, program) as make:
        yield make


Connect = Callable[..., Rig]


@pytest.fixture
def connect(make_mosquitto: MakeMosquitto, tmp_path: Path) -> Iterator[Connect]:
    """A Mosquitto as in a deployment, and drivers that connect to it."""
    authority = Authority(tmp_path)
    rigs: list[Rig] = []
    ports: list[int] = []

    def driver(version: int = 5, cabinet: str = CABINET, host: str = "127.0.0.1", **settings: Any) -> Rig:
        if not ports:
            certificate, key = authority.certify("broker", host)
            (tmp_path / "acl").write_text(ACL)
            lines = f"cafile {authority.file}\ncertfile {certificate}\nkeyfile {key}\nacl_file {tmp_path / 'acl'}\n"
            lines += "require_certificate true\nuse_identity_as_username true"
            ports.append(make_mosquitto(version, lines).port)
        mine, mine_key = authority.certify(cabinet)
        files = {"ca_file": str(authority.file), "cert_file": str(mine), "key_file": str(mine_key), **settings}
        rigs.append(Rig(ports[0], version, cabinet, tls=True, **files))
        return rigs[-1]

    yield driver
    for rig in rigs:
        rig.driver.close()


@pytest.mark.parametrize("version", [5, 4])
def test_a_cabinet_with_its_certificate_is_let_in(connect: Connect, version: int) -> None:
    """It may write its own topics. Nobody else may read them, which MQTT 5 shows as "no matching subscribers"."""
    rig = connect(version)
    rig.until(LinkUp)
    rig.publish(1, "conn", b"online", retain=True)
    if version == 5:
        assert rig.until(NotDelivered) == NotDelivered(1, 0x10)
    else:
        assert rig.until(Delivered) == Delivered(1)


def test_a_cabinet_cannot_speak_for_another(connect: Connect, tmp_path: Path) -> None:
    """Whoever has stolen one cabinet's certificate is refused under every other name."""
    connect(cabinet="yuhua-02").until(LinkUp)
    stolen = {"cert_file": str(tmp_path / "yuhua-02.crt"), "key_file": str(tmp_path / "yuhua-02.key")}
    impostor = connect(**stolen)
    impostor.until(LinkUp)
    impostor.publish(1, "conn", b"online", retain=True)
    assert impostor.until(NotDelivered) == NotDelivered(1, 0x87)


def test_a_broker_under_another_name_is_not_believed(connect: Connect) -> None:
    """Its certificate is in order, but not for the host that we called."""
    why = connect(host="127.0.0.2").until(LinkDown).why
    assert "certificate is not valid for '127.0.0.1'" in why or "IP address mismatch" in why


def test_a_broker_of_another_authority_is_not_believed(connect: Connect, tmp_path: Path) -> None:
    """Anybody can make a certificate for any name."""
    other = Authority(tmp_path, "other")
    assert "CERTIFICATE_VERIFY_FAILED" in connect(ca_file=str(other.file)).until(LinkDown).why


def test_without_a_certificate_nobody_is_let_in(connect: Connect) -> None:
    """Neither without one nor with another authority's."""
    rig = connect(cert_file="", key_file="")
    rig.until(LinkDown)
    assert rig.said(LinkUp) == []


def test_a_file_that_is_missing_is_named_and_found_when_it_comes(connect: Connect, tmp_path: Path) -> None:
    """The cabinet works without the cloud until the technician brings the file; no restart is needed."""
    late = tmp_path / "late.pem"
    rig = connect(ca_file=str(late))
    assert f"mqtt.ca_file {late}: " in rig.until(LinkDown).why
    late.write_bytes((tmp_path / "ca.pem").read_bytes())
    rig.skip_ms += 60_000
    rig.until(LinkUp)


def test_a_key_that_does_not_belong_to_the_certificate_is_named(connect: Connect, tmp_path: Path) -> None:
    """Both files and both keys of the configuration are in the reason."""
    authority = Authority(tmp_path, "third")
    _, wrong = authority.certify("wrong")
    assert f"mqtt.key_file {wrong}: " in connect(key_file=str(wrong)).until(LinkDown).why


def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    """And there is no way to leave the host name unchecked; without TLS there is no context at all."""
    context = tls_context(Mqtt(host="h", ca_file=str(Authority(tmp_path).file)))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert tls_context(Mqtt(host="127.0.0.1", tls=False)) is None
